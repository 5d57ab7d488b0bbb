"""The word lists of `edits.py`, written apart from those of `curation.twins`."""

from __future__ import annotations

STOP = """
    a about after all am an and any are as at be because been before but by can could did do
    does done for from get got had has have he her here him his how i if in into is it its
    just may me might more most must my no not of off on one only or our out over should so
    some than that the their them then there these they this those to too under up us very was
    we were what when where which while who whom why will with without would you your i'm it's
    don't can't i've what's able being having doing mine such there's still currently need
    want like know please help tell kindly unfortunately sadly thanks thank keep keeps each
    other any time
"""

# Swaps in both directions, "a/b c/d".
ANTONYMS = """
    hot/cold open/close early/late cheap/expensive increase/decrease add/remove accept/reject
    buy/sell send/receive deposit/withdraw enable/disable lock/unlock activate/deactivate win/lose
    credit/debit domestic/international incoming/outgoing public/private temporary/permanent
    minimum/maximum first/last new/old high/low big/small long/short fast/slow easy/hard full/empty
    start/finish arrive/depart borrow/lend import/export upload/download approve/decline
    correct/incorrect possible/impossible valid/invalid successful/unsuccessful heavy/light
    inside/outside morning/evening mother/father brother/sister boy/girl husband/wife left/right
    happy/sad clean/dirty strong/weak rich/poor push/pull love/hate remember/forget save/waste
"""
UNITS = """
    dollars/euros hours/minutes days/weeks months/years miles/kilometers pounds/ounces feet/inches
    minutes/seconds cents/dollars hour/day week/month year/month percent/dollars pounds/dollars
    gallons/liters $/€ %/‰ kg/lb cm/mm weeks/months day/week minute/hour days/hours
"""
DATES = """
    monday/thursday tuesday/friday wednesday/sunday saturday/tuesday january/october
    february/november march/august april/september june/july december/may today/tomorrow
    yesterday/today july/august october/november friday/monday sunday/monday august/june
"""
QUANTIFIERS = """
    all/some some/none every/no many/few most/some both/neither always/never often/rarely
    everyone/nobody each/half any/all everything/nothing several/all much/little
"""
MODALS = "must/may should/must can/must could/should will/might may/should might/must"
DIRECTIONS = """
    before/after up/down from/to on/off in/out over/under above/below with/without inside/outside
    into/from onto/off to/from off/on out/in down/up after/before without/with until/after
"""
COMPARISONS = """
    more/less bigger/smaller higher/lower longer/shorter older/younger faster/slower least/most
    larger/smaller better/worse fewer/more
"""
PERSONS = "my/your i/you he/she his/her they/we our/their him/her your/my you/they we/they her/my"
TENSES = """
    is/was are/were will/did do/did does/did was/will has/had have/had were/are did/will am/was
"""
CONNECTIVES = "and/or if/unless because/although or/and when/unless but/because while/until"
QUESTION_WORDS = """
    what/why how/when where/why when/where why/how who/when which/whose how/why where/when why/what
"""
NAMES = """
    Anna Bartholomew Chidi Dolores Emeka Fatima Gustavo Henrietta Ivanka Joaquin Kwame Lakshmi
    Oslo Lisbon Nairobi Toronto Samsung Lufthansa Vodafone Barclays
"""
MODIFIERS = """
    urgent blue broken second-hand German expired annual wooden business duplicate unauthorised
    partial overseas weekend leather temporary joint electronic suspicious
"""
CONDITIONS = """
    without a receipt|except on weekends|only for students|if the bank agrees|unless it rains
    |in another country|for my brother|after the deadline|without telling anyone|on a rented phone
"""
SYNONYMS = """
    buy/purchase begin/start help/assist big/large quick/fast choose/select car/automobile
    phone/telephone mistake/error show/display get/obtain child/kid money/cash trip/journey
    make/create answer/reply happen/occur end/finish home/house total/sum often/frequently
"""
FILLERS = "actually basically just well honestly really simply literally kindly"
GREETINGS = """Hi,|Hello,|Hey there,|Good morning,|Dear Sir or Madam,|Hello team,|Hi there!\
|Good evening.|Greetings,|Dear support,"""
REQUESTS = """Please help: |Could you please tell me: |Quick question: |I have a question. \
|Excuse me, |Sorry to bother you, """
THANKS = """ Thanks!| Thank you.| Thanks in advance.| Please help.| Many thanks!\
| Thank you so much.| Any help is appreciated.| Cheers!| please| Please advise."""
SIGN_OFFS = """\nBest regards, Tom| Kind regards, Maria|\nThanks, Priya|\nCheers,\nOle\
| Regards, J. Kim| Sincerely, Ann Lee|\nBest, Kim"""
CODES = "AX-{}-7|order #{}|ticket{}|user{}@example.com|https://example.org/p/{}"
CONTRACTIONS = """
    i am/i'm|do not/don't|does not/doesn't|did not/didn't|cannot/can't|can not/can't|is not/isn't
    |it is/it's|what is/what's|i have been/i've been|i have not/i've not
    |i would/i'd|they are/they're|was not/wasn't
    |have not/haven't|has not/hasn't|will not/won't|where is/where's|that is/that's|you are/you're
    |how is/how's|he is/he's|she is/she's|could not/couldn't|i will/i'll|we are/we're|let us/let's
"""
SPELLINGS = """
    color/colour center/centre traveling/travelling canceled/cancelled favorite/favourite
    organize/organise recognize/recognise gray/grey program/programme meter/metre
    neighbor/neighbour apologize/apologise authorized/authorised realize/realise honor/honour
    liter/litre theater/theatre catalog/catalogue license/licence traveler/traveller labor/labour
    flavor/flavour jewelry/jewellery canceling/cancelling behavior/behaviour
"""
HYPHENS = """
    email/e-mail|online/on-line|top-up/topup|top up/top-up|web site/website|sign up/sign-up
    |checkout/check-out|weekend/week-end|pickup/pick-up|log in/log-in|cell phone/cell-phone
    |credit card/credit-card|part time/part-time|setup/set-up|airline/air-line|ice cream/ice-cream
    |notebook/note-book|birthday/birth-day|babysitting/baby-sitting|classroom/class-room
"""
ABBREVIATIONS = """
    please/pls hours/hrs minutes/mins information/info appointment/appt message/msg
    account/acct with/w/ and/& you/u because/cuz your/ur thanks/thx weeks/wks pounds/lbs
    kilograms/kg kilometers/km percent/% december/dec february/feb
"""
NUMBERS = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty
"""
