"""Why something cannot be done: one catalogue code each, with the sentence that the person reads, in their language."""

from dataclasses import dataclass
from enum import StrEnum


class Refusal(StrEnum):
    """The catalogue. A code never changes its meaning; callers may rely on it."""

    UNKNOWN_PERSON = "unknown_person"
    SAME_PERSON = "same_person"
    PERSON_INACTIVE = "person_inactive"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    LEVELS_TOO_CLOSE = "levels_too_close"
    NOT_PART_OF_THIS = "not_part_of_this"
    NOT_YOURS_TO_DO = "not_yours_to_do"
    CLOSED = "closed"
    ON_HOLD = "on_hold"
    NOT_ON_HOLD = "not_on_hold"
    NOT_THE_PLACER = "not_the_placer"
    SAY_WHO_HOLDS = "say_who_holds"
    PAUSED = "paused"
    NOT_PAUSED = "not_paused"
    WRONG_PHASE = "wrong_phase"
    ALREADY_ANSWERED = "already_answered"
    NOT_ACCEPTED_YET = "not_accepted_yet"
    ALREADY_SIGNED = "already_signed"
    VERSION_MOVED_ON = "version_moved_on"
    UNKNOWN_RULE = "unknown_rule"
    RULE_IS_FIXED = "rule_is_fixed"
    VALUE_NOT_OFFERED = "value_not_offered"
    NOTHING_PROPOSED = "nothing_proposed"
    GOALS_ONE_TO_THREE = "goals_one_to_three"
    GOAL_FOR_EACH_SIDE = "goal_for_each_side"
    RATING_ONE_TO_TEN = "rating_one_to_ten"
    RATE_EVERY_GOAL = "rate_every_goal"
    CADENCE_OUT_OF_RANGE = "cadence_out_of_range"
    TEXT_EMPTY = "text_empty"
    TEXT_TOO_LONG = "text_too_long"
    TEXT_UNREADABLE = "text_unreadable"
    TOO_MANY = "too_many"
    UNKNOWN_SESSION = "unknown_session"
    SESSION_OVER = "session_over"
    SESSION_NOT_OVER = "session_not_over"
    STALE_REVISION = "stale_revision"
    NO_CALENDAR_QUESTION = "no_calendar_question"
    TOO_LATE_TO_MOVE = "too_late_to_move"
    NOTHING_TO_BOOK = "nothing_to_book"
    NO_TIMES_TO_ANSWER = "no_times_to_answer"
    TIMES_ONE_TO_THREE = "times_one_to_three"
    SESSION_SETTLED = "session_settled"
    STILL_TIME_TO_COME = "still_time_to_come"
    NOT_ASKED = "not_asked"
    NOBODY_WAS_MISSED = "nobody_was_missed"
    NOT_IN_THE_PAST = "not_in_the_past"
    TOO_LONG_AGO = "too_long_ago"
    ALREADY_KNOWN = "already_known"
    MINUTES_OUT_OF_RANGE = "minutes_out_of_range"
    REVIEW_NOT_DUE = "review_not_due"
    IN_THE_PAST = "in_the_past"
    TOO_FAR_AHEAD = "too_far_ahead"
    AFTER_THE_END = "after_the_end"
    TOO_SEVERE_FOR_HERE = "too_severe_for_here"
    UNKNOWN_HELP = "unknown_help"
    HELP_CONCLUDED = "help_concluded"
    PARTNER_MAY_NOT_KNOW = "partner_may_not_know"
    NOBODY_IS_FREE = "nobody_is_free"
    ASK_THE_CONTACT = "ask_the_contact"
    REASON_OF_NO_ACTION = "reason_of_no_action"
    NOTHING_TO_DECIDE = "nothing_to_decide"
    NOT_A_DATE = "not_a_date"
    BAD_IDENTIFIER = "bad_identifier"
    UNKNOWN_ZONE = "unknown_zone"
    BAD_POLICY = "bad_policy"
    NOT_SEVERE_ENOUGH = "not_severe_enough"
    PAUSE_CHOICE_NEEDED = "pause_choice_needed"
    NO_SAFEGUARDING_CONTACT = "no_safeguarding_contact"
    UNKNOWN_RELATIONSHIP = "unknown_relationship"
    BLOCKED_PAIR = "blocked_pair"
    ALREADY_PAIRED = "already_paired"
    NO_CAPACITY = "no_capacity"
    ID_TAKEN = "id_taken"
    NOT_CLOSED = "not_closed"
    NOT_EARNED = "not_earned"
    ONE_NEW_PERSON = "one_new_person"
    NO_JOURNAL = "no_journal"
    NOTHING_NEW = "nothing_new"
    PERSON_NOT_PART = "person_not_part"
    NOT_LEAVING = "not_leaving"
    NOTHING_ASKED = "nothing_asked"
    EXTENSION_OUT_OF_RANGE = "extension_out_of_range"
    NO_MORE_EXTENSIONS = "no_more_extensions"
    NOT_EARNED_YET = "not_earned_yet"
    NOTICE_OUT_OF_RANGE = "notice_out_of_range"
    END_REACHED = "end_reached"
    UNKNOWN_CASE = "unknown_case"
    CASE_STAGE = "case_stage"
    CASE_WITHDRAWN = "case_withdrawn"
    NOT_THE_HANDLER = "not_the_handler"
    REASON_NEEDED = "reason_needed"
    NO_JOINT_TALK = "no_joint_talk"
    NOBODY_ELIGIBLE = "nobody_eligible"
    NOT_ELIGIBLE = "not_eligible"
    RECEIPT_TYPO = "receipt_typo"
    ANONYMOUS_HAS_RECEIPT = "anonymous_has_receipt"
    NO_ROOM_FOR_MESSAGE = "no_room_for_message"
    BAD_ATTACHMENT = "bad_attachment"
    ATTACHMENT_TOO_LARGE = "attachment_too_large"
    REPORTED_TOO_LATE = "reported_too_late"
    NOT_SIGNED = "not_signed"
    NOT_THIS_WAY = "not_this_way"
    NO_PAIRING_NAMED = "no_pairing_named"
    NO_PAIR_NAMED = "no_pair_named"
    UNDER_WAY_ALREADY = "under_way_already"
    NOTHING_TO_TAKE_BACK = "nothing_to_take_back"
    UNKNOWN_EFFECT = "unknown_effect"
    EFFECT_NOT_UNKNOWN = "effect_not_unknown"
    EFFECT_FORGOTTEN = "effect_forgotten"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refused command: a value, never an exception. Nothing has happened and nothing will."""

    code: Refusal
    detail: str = ""
    """A catalogue word, a number or an id that the sentence names. Never what somebody wrote."""

    def message(self, locale: str = "en") -> str:
        """The sentence for the person who asked; English where the language is not ours."""
        return SENTENCES[self.code][1 if locale.startswith("it") else 0].replace("{detail}", self.detail)


SENTENCES: dict[Refusal, tuple[str, str]] = {
    Refusal.UNKNOWN_PERSON: (
        "The people directory knows nobody by the id {detail}. Import the person first, then try again.",
        (
            "L'elenco delle persone non conosce nessuno con l'identificativo {detail}. Importa prima la "
            "persona, poi riprova."
        ),
    ),
    Refusal.SAME_PERSON: (
        "Mentor, mentee and coordinator must be different people.",
        "Mentor, mentee e referente del programma devono essere persone diverse.",
    ),
    Refusal.PERSON_INACTIVE: (
        "{detail} is marked as no longer active in the people directory.",
        "{detail} risulta non più in servizio nell'elenco delle persone.",
    ),
    Refusal.CONFLICT_OF_INTEREST: (
        (
            "One of the two reports to the other, directly or through others. Choose people from different "
            "reporting lines."
        ),
        (
            "Una delle due persone risponde all'altra, direttamente o tramite altri. Scegli persone di "
            "linee gerarchiche diverse."
        ),
    ),
    Refusal.LEVELS_TOO_CLOSE: (
        "The two must be at least {detail} levels apart in this programme.",
        "In questo programma le due persone devono distare almeno {detail} livelli.",
    ),
    Refusal.NOT_PART_OF_THIS: (
        "You take no part in this mentoring relationship, so nothing was changed.",
        "Non fai parte di questo abbinamento: nulla è stato modificato.",
    ),
    Refusal.NOT_YOURS_TO_DO: (
        "This step belongs to somebody else: {detail}.",
        "Questo passo spetta ad altri: {detail}.",
    ),
    Refusal.CLOSED: (
        "This mentoring relationship has ended, so it can no longer be changed.",
        "Questo abbinamento è concluso e non può più essere modificato.",
    ),
    Refusal.ON_HOLD: (
        "The programme team has paused this pairing; nothing is needed from you.",
        "Il team del programma ha messo in pausa questo abbinamento; da parte tua non serve fare nulla.",
    ),
    Refusal.NOT_ON_HOLD: (
        "This pairing is not on hold, so there is nothing to lift.",
        "Questo abbinamento non è in pausa per decisione del programma: non c'è nulla da sbloccare.",
    ),
    Refusal.NOT_THE_PLACER: (
        "Only whoever placed it can lift it. If it has to end without them, turn to the safeguarding contact.",
        (
            "Può toglierlo solo chi l'ha messo. Se deve finire anche così, rivolgiti alla persona di riferimento per "
            "la tutela."
        ),
    ),
    Refusal.SAY_WHO_HOLDS: (
        "Say on whose behalf: only the same person can lift it again. It is kept as a seal and names nobody.",
        "Indica per conto di chi: solo la stessa persona potrà toglierlo. Resta come sigillo e non nomina nessuno.",
    ),
    Refusal.PAUSED: (
        "This pairing is paused. Resume it first.",
        "Questo abbinamento è in pausa. Prima va ripreso.",
    ),
    Refusal.NOT_PAUSED: (
        "This pairing is not paused, so there is nothing to resume.",
        "Questo abbinamento non è in pausa: non c'è nulla da riprendere.",
    ),
    Refusal.WRONG_PHASE: (
        "This cannot be done now: the relationship is in the phase {detail}.",
        "Ora non è possibile: l'abbinamento è nella fase {detail}.",
    ),
    Refusal.ALREADY_ANSWERED: (
        "You have already answered this; your first answer stands.",
        "Hai già risposto: vale la tua prima risposta.",
    ),
    Refusal.NOT_ACCEPTED_YET: (
        "Please answer the invitation first.",
        "Prima rispondi all'invito.",
    ),
    Refusal.ALREADY_SIGNED: (
        "You have already signed version {detail} of the ground rules.",
        "Hai già firmato la versione {detail} delle regole di base.",
    ),
    Refusal.VERSION_MOVED_ON: (
        "There is a newer proposal, number {detail}. Please read that one.",
        "C'è una proposta più recente, la numero {detail}. Leggi quella.",
    ),
    Refusal.UNKNOWN_RULE: (
        "There is no ground rule {detail}.",
        "La regola {detail} non esiste.",
    ),
    Refusal.RULE_IS_FIXED: (
        "Ground rule {detail} protects both of you and cannot be changed by a pair.",
        "La regola {detail} protegge entrambi e una coppia non può cambiarla.",
    ),
    Refusal.VALUE_NOT_OFFERED: (
        "That value is not among the choices for ground rule {detail}.",
        "Quel valore non è tra le scelte previste per la regola {detail}.",
    ),
    Refusal.NOTHING_PROPOSED: (
        "There is no proposal of your partner to agree to.",
        "Non c'è una proposta dell'altra persona da approvare.",
    ),
    Refusal.GOALS_ONE_TO_THREE: (
        "A relationship has one to three goals.",
        "Un abbinamento ha da uno a tre obiettivi.",
    ),
    Refusal.GOAL_FOR_EACH_SIDE: (
        "At least one goal must serve each of you; a goal of both counts for each.",
        "Almeno un obiettivo deve servire a ciascuno di voi; uno comune vale per entrambi.",
    ),
    Refusal.RATING_ONE_TO_TEN: (
        "A rating is a whole number from 1 to 10.",
        "Una valutazione è un numero intero da 1 a 10.",
    ),
    Refusal.RATE_EVERY_GOAL: (
        "Please rate each of the {detail} goals, in their order.",
        "Valuta ciascuno dei {detail} obiettivi, nel loro ordine.",
    ),
    Refusal.CADENCE_OUT_OF_RANGE: (
        "Sessions can be 1 to 8 weeks apart.",
        "Gli incontri possono distare da 1 a 8 settimane.",
    ),
    Refusal.TEXT_EMPTY: (
        "The text for {detail} is empty.",
        "Il testo per {detail} è vuoto.",
    ),
    Refusal.TEXT_TOO_LONG: (
        "The text is longer than the {detail} characters that fit here. Please shorten it.",
        "Il testo supera i {detail} caratteri consentiti. Accorcialo, per favore.",
    ),
    Refusal.TEXT_UNREADABLE: (
        "The text holds characters that cannot be shown. Please type it again as plain text.",
        "Il testo contiene caratteri che non si possono mostrare. Riscrivilo come testo semplice.",
    ),
    Refusal.TOO_MANY: (
        "At most {detail} fit here.",
        "Al massimo {detail}.",
    ),
    Refusal.UNKNOWN_SESSION: (
        "There is no session {detail} that this could be about.",
        "Non c'è un incontro {detail} a cui questo possa riferirsi.",
    ),
    Refusal.SESSION_OVER: (
        "Session {detail} is already over.",
        "L'incontro {detail} è già passato.",
    ),
    Refusal.SESSION_NOT_OVER: (
        "Session {detail} is not over yet.",
        "L'incontro {detail} non è ancora terminato.",
    ),
    Refusal.STALE_REVISION: (
        "Your calendar speaks of an earlier time of this session; the present one is revision {detail}.",
        "Il tuo calendario parla di un orario precedente di questo incontro; quello attuale è la revisione {detail}.",
    ),
    Refusal.NO_CALENDAR_QUESTION: (
        "You have not been asked about your calendar for session {detail}.",
        "Non ti è stato chiesto nulla sul tuo calendario per l'incontro {detail}.",
    ),
    Refusal.TOO_LATE_TO_MOVE: (
        "Session {detail} is too close to be moved from a calendar. Please move it or call it off yourself.",
        "L'incontro {detail} è troppo vicino per spostarlo dal calendario. Spostalo o annullalo tu.",
    ),
    Refusal.NOTHING_TO_BOOK: (
        "Session {detail} does not wait for a time. To change a booked one, move it.",
        "L'incontro {detail} non attende un orario. Per cambiarne uno già fissato, spostalo.",
    ),
    Refusal.NO_TIMES_TO_ANSWER: (
        "There is no such time of your partner's to choose for session {detail}.",
        "Per l'incontro {detail} non c'è un orario dell'altra persona da scegliere.",
    ),
    Refusal.TIMES_ONE_TO_THREE: (
        "Please propose one to three different times.",
        "Proponi da uno a tre orari diversi.",
    ),
    Refusal.SESSION_SETTLED: (
        "Session {detail} has been settled, so nothing more can be said about it here. The coordinator can help.",
        "L'incontro {detail} è già stato definito: qui non si può aggiungere altro. Puoi rivolgerti al referente.",
    ),
    Refusal.STILL_TIME_TO_COME: (
        "Please wait {detail} minutes from the planned start: the other person may still come.",
        "Aspetta {detail} minuti dall'inizio previsto: l'altra persona può ancora arrivare.",
    ),
    Refusal.NOT_ASKED: (
        "Nothing of this kind is being asked about session {detail}.",
        "Sull'incontro {detail} non c'è una domanda di questo tipo.",
    ),
    Refusal.NOBODY_WAS_MISSED: (
        "Nobody was said to be missing from session {detail}, so this result does not fit it.",
        "All'incontro {detail} nessuno risulta mancato: questo esito non è adatto.",
    ),
    Refusal.NOT_IN_THE_PAST: (
        "A session can be noted once it is over. Please choose an earlier time.",
        "Un incontro si può annotare quando è terminato. Scegli un momento precedente.",
    ),
    Refusal.TOO_LONG_AGO: (
        "A session can be noted for {detail} days, and from the day on which both signed the ground rules.",
        "Un incontro si può annotare per {detail} giorni, e dal giorno in cui avete firmato le regole di base.",
    ),
    Refusal.ALREADY_KNOWN: (
        "There is a session at that time already.",
        "In quel momento risulta già un incontro.",
    ),
    Refusal.MINUTES_OUT_OF_RANGE: (
        "A session lasts from 10 minutes to 8 hours.",
        "Un incontro dura da 10 minuti a 8 ore.",
    ),
    Refusal.REVIEW_NOT_DUE: (
        "The look half-way comes with the question about a later session.",
        "Il bilancio a metà percorso arriva con la domanda su un incontro successivo.",
    ),
    Refusal.IN_THE_PAST: (
        "That moment has already passed. Please choose a later one.",
        "Quel momento è già passato. Scegline uno successivo.",
    ),
    Refusal.TOO_FAR_AHEAD: (
        "That is more than three years ahead. Please choose an earlier date.",
        "È oltre tre anni nel futuro. Scegli una data precedente.",
    ),
    Refusal.AFTER_THE_END: (
        "That is after the end of this relationship.",
        "È dopo la fine di questo abbinamento.",
    ),
    Refusal.TOO_SEVERE_FOR_HERE: (
        (
            "This is too serious for this way. Please use the confidential channel: it goes to those who "
            "handle such reports, and to nobody else."
        ),
        (
            "È troppo serio per questa strada. Usa il canale riservato: arriva solo a chi si occupa di queste "
            "segnalazioni, e a nessun altro."
        ),
    ),
    Refusal.UNKNOWN_HELP: (
        "There is no call for help number {detail}.",
        "Non c'è una richiesta di aiuto numero {detail}.",
    ),
    Refusal.HELP_CONCLUDED: (
        "This call for help has already been concluded.",
        "Questa richiesta di aiuto è già stata conclusa.",
    ),
    Refusal.PARTNER_MAY_NOT_KNOW: (
        "The person who asked has not agreed that the partner may know, so no joint talk can be arranged.",
        "Chi ha chiesto aiuto non ha acconsentito a informare l'altra persona: non si può fissare un colloquio comune.",
    ),
    Refusal.NOBODY_IS_FREE: (
        (
            "Nobody of the programme team can take this up impartially, so it went to nobody. Please use the "
            "confidential channel of your organisation."
        ),
        (
            "Nessuno del team del programma può occuparsene in modo imparziale, quindi non è arrivato a nessuno. "
            "Usa il canale riservato della tua organizzazione."
        ),
    ),
    Refusal.ASK_THE_CONTACT: (
        (
            "Nobody of the programme team can take this up impartially, so it went to nobody. Please turn to {detail}, "
            "the contact of the confidential channel."
        ),
        (
            "Nessuno del team del programma può occuparsene in modo imparziale, quindi non è arrivato a nessuno. "
            "Rivolgiti a {detail}, la persona di riferimento del canale riservato."
        ),
    ),
    Refusal.REASON_OF_NO_ACTION: (
        "Whoever asked is told why nothing changes: no action needs a reason, and no other outcome has one.",
        "A chi ha chiesto si dice perché nulla cambia: serve un motivo quando non si interviene, e solo allora.",
    ),
    Refusal.NOTHING_TO_DECIDE: (
        "Nothing waits for a decision of the programme team.",
        "Nulla attende una decisione del team del programma.",
    ),
    Refusal.NOT_A_DATE: (
        "A moment must be given with its time zone, for example 2027-03-01T10:00:00+01:00.",
        "Un momento va indicato con il suo fuso orario, ad esempio 2027-03-01T10:00:00+01:00.",
    ),
    Refusal.BAD_IDENTIFIER: (
        "{detail} must be 1 to 64 letters, digits, dots, dashes or underscores.",
        "{detail} deve avere da 1 a 64 lettere, cifre, punti, trattini o trattini bassi.",
    ),
    Refusal.UNKNOWN_ZONE: (
        "{detail} is no time zone. Write it like Europe/Rome.",
        "{detail} non è un fuso orario. Scrivilo come Europe/Rome.",
    ),
    Refusal.BAD_POLICY: (
        "The programme's numbers do not fit together: {detail}.",
        "I numeri del programma non sono coerenti: {detail}.",
    ),
    Refusal.NOT_SEVERE_ENOUGH: (
        "The confidential channel is for severe matters. For this one, please ask the coordinator for help.",
        "Il canale riservato è per fatti gravi. Per questo, chiedi aiuto al referente del programma.",
    ),
    Refusal.PAUSE_CHOICE_NEEDED: (
        "Please choose: pause now, which both will see at once, or wait for a handler, who notes it within {detail} h.",
        "Scegli: pausa subito, che entrambi vedranno, o attendere chi se ne occupa: ne prende atto entro {detail} h.",
    ),
    Refusal.NO_SAFEGUARDING_CONTACT: (
        "No safeguarding contact is configured, so nobody would read the report. Nothing was accepted.",
        "Non è configurata una persona di riferimento per la tutela: nessuno leggerebbe. Nulla è stato accettato.",
    ),
    Refusal.UNKNOWN_RELATIONSHIP: (
        "There is no mentoring relationship {detail}.",
        "Non esiste un abbinamento {detail}.",
    ),
    # Nothing in it says that there is a block, or why there might be one.
    Refusal.BLOCKED_PAIR: (
        "This pairing is not possible; the programme office knows more.",
        "Questo abbinamento non è possibile; l'ufficio del programma può dirti di più.",
    ),
    Refusal.ALREADY_PAIRED: (
        "These two already have an open mentoring relationship in this programme.",
        "Queste due persone hanno già un abbinamento aperto in questo programma.",
    ),
    Refusal.NO_CAPACITY: (
        "There is no room for one more relationship with this {detail}.",
        "Non c'è posto per un altro abbinamento: {detail} è già al completo.",
    ),
    Refusal.ID_TAKEN: (
        "The id {detail} already belongs to a relationship of other people or of another programme.",
        "L'identificativo {detail} appartiene già a un abbinamento di altre persone o di un altro programma.",
    ),
    Refusal.NOT_CLOSED: (
        "This mentoring relationship has not ended yet.",
        "Questo abbinamento non è ancora concluso.",
    ),
    Refusal.NOT_EARNED: (
        "There is no certificate for this relationship: too few sessions were confirmed by both.",
        "Per questo abbinamento non c'è un attestato: troppo pochi incontri confermati da entrambi.",
    ),
    Refusal.ONE_NEW_PERSON: (
        "Name the one new person: another mentor or another mentee, and not both.",
        "Indica la persona nuova: un altro mentor oppure un'altra mentee, non entrambi.",
    ),
    Refusal.NO_JOURNAL: (
        "What earlier relationships were can only be read where the journal is at hand.",
        "Quel che furono gli abbinamenti precedenti si legge solo dove c'è il diario.",
    ),
    Refusal.NOTHING_NEW: (
        "This is known already, so nothing was changed.",
        "Questo è già noto: nulla è stato modificato.",
    ),
    Refusal.PERSON_NOT_PART: (
        "Nobody named here takes that part in this relationship, so nothing was changed.",
        "Nessuna delle persone indicate ha quella parte in questo abbinamento: nulla è stato modificato.",
    ),
    Refusal.NOT_LEAVING: (
        "Nobody has said that this person left, so there is nothing to take back.",
        "Non risulta che questa persona sia andata via: non c'è nulla da ritirare.",
    ),
    Refusal.NOTHING_ASKED: (
        "You are not being asked this at the moment.",
        "In questo momento non ti viene chiesto.",
    ),
    Refusal.EXTENSION_OUT_OF_RANGE: (
        "A relationship can be extended by 1 to {detail} weeks at a time.",
        "Un abbinamento si può prolungare da 1 a {detail} settimane per volta.",
    ),
    Refusal.NO_MORE_EXTENSIONS: (
        "This relationship can no longer be extended; it ends as planned.",
        "Questo abbinamento non si può più prolungare: si conclude come previsto.",
    ),
    Refusal.NOT_EARNED_YET: (
        (
            "To be called completed it still needs {detail} session(s) held. You may leave at any time all the same, "
            "without giving a reason."
        ),
        (
            "Per dirsi completato servono ancora {detail} incontri svolti. Puoi comunque lasciare in ogni momento, "
            "senza dare un motivo."
        ),
    ),
    Refusal.NOTICE_OUT_OF_RANGE: (
        "The notice must be between 1 and {detail} days.",
        "Il preavviso va da 1 a {detail} giorni.",
    ),
    Refusal.END_REACHED: (
        "The last day of this relationship has come; only the look back is left.",
        "L'ultimo giorno di questo abbinamento è arrivato: resta solo lo sguardo indietro.",
    ),
    Refusal.UNKNOWN_CASE: (
        "There is no such matter for you.",
        "Non c'è una questione di questo tipo per te.",
    ),
    Refusal.CASE_STAGE: (
        "This cannot be done now: the matter has come to the step {detail}.",
        "Ora non è possibile: la questione è al passo {detail}.",
    ),
    Refusal.CASE_WITHDRAWN: (
        "It was withdrawn and is not grave, so it can only be concluded.",
        "È stata ritirata e non è grave: si può solo concludere.",
    ),
    Refusal.NOT_THE_HANDLER: (
        "Somebody else handles this. Have it given to you first, then try again.",
        "Se ne occupa un'altra persona. Prima fattela assegnare, poi riprova.",
    ),
    Refusal.REASON_NEEDED: (
        "This needs a reason from the list.",
        "Serve una motivazione tra quelle previste.",
    ),
    Refusal.NO_JOINT_TALK: (
        "There is no joint talk in grave matters: nobody is to face who may have abused their power.",
        "Nei casi gravi non c'è un colloquio congiunto: nessuno deve trovarsi di fronte a chi può aver abusato.",
    ),
    Refusal.NOBODY_ELIGIBLE: (
        "Nobody here could take this without being part of it. Please turn to somebody outside.",
        "Qui nessuno potrebbe occuparsene senza esserne parte. Rivolgiti all'esterno.",
    ),
    Refusal.NOT_ELIGIBLE: (
        "That person cannot take this: they have it already, are part of it, or are not on the list.",
        "Quella persona non può occuparsene: lo fa già, ne è parte o non è nell'elenco.",
    ),
    Refusal.RECEIPT_TYPO: (
        "This is not a receipt code as it was given: there is a typo in it. Please compare it symbol by symbol.",
        "Questo non è un codice di ricevuta: contiene un errore di battitura. Confrontalo carattere per carattere.",
    ),
    Refusal.ANONYMOUS_HAS_RECEIPT: (
        "An anonymous report has its id from its receipt code, and a named one has no code. Leave out one of the two.",
        "Una segnalazione anonima ha l'id dal suo codice di ricevuta, una con nome non ha codice. Ometti uno dei due.",
    ),
    Refusal.NO_ROOM_FOR_MESSAGE: (
        "No more fits here: at most {detail} messages and 100 kB from each side. A new report has room of its own.",
        "Non c'è più spazio: al massimo {detail} messaggi e 100 kB per parte. Una nuova segnalazione ha il suo spazio.",
    ),
    Refusal.BAD_ATTACHMENT: (
        "An attachment cannot be taken: its {detail} is not what it must be. A reference is an id or an https address.",
        "Un allegato non va bene: {detail} non è come deve. Il riferimento è un id o un indirizzo https.",
    ),
    Refusal.ATTACHMENT_TOO_LARGE: (
        "An attachment may have at most {detail} MiB.",
        "Un allegato può avere al massimo {detail} MiB.",
    ),
    Refusal.REPORTED_TOO_LATE: (
        "This pairing ended more than {detail} months ago. Please turn to your organisation's other channels.",
        "Questo abbinamento è concluso da più di {detail} mesi. Rivolgiti agli altri canali della tua organizzazione.",
    ),
    Refusal.NOT_SIGNED: (
        (
            "It could not be proven who asks for this, so nothing was done. Sign in again and repeat it; if that does "
            "not help, tell whoever runs this tool."
        ),
        (
            "Non è stato possibile verificare chi lo chiede, quindi non è stato fatto nulla. Accedi di nuovo e ripeti; "
            "se non basta, avvisa chi gestisce questo strumento."
        ),
    ),
    Refusal.NOT_THIS_WAY: (
        "This cannot be done by this way ({detail}), so nothing was done.",
        "Non si può fare per questa via ({detail}), quindi non è stato fatto nulla.",
    ),
    Refusal.NO_PAIRING_NAMED: (
        "No pairing is named here, so there is none to hold. The programme team can hold one by hand.",
        "Qui non è nominato alcun abbinamento da fermare. Il team del programma può fermarne uno a mano.",
    ),
    Refusal.NO_PAIR_NAMED: (
        "It does not name two people who could be kept apart. Add them by hand: `mentoring blocks add`.",
        "Non sono nominate due persone da tenere separate. Aggiungile a mano: `mentoring blocks add`.",
    ),
    Refusal.UNDER_WAY_ALREADY: (
        "This is under way already; urgently, it happens at once.",
        "È già in corso; con urgenza, avviene subito.",
    ),
    Refusal.NOTHING_TO_TAKE_BACK: (
        "Nothing of this kind has been asked for here, so there is nothing to take back.",
        "Qui non è stato chiesto nulla del genere: non c'è nulla da revocare.",
    ),
    Refusal.UNKNOWN_EFFECT: (
        "The ledger knows no effect by this key; see `mentoring effects`.",
        "Il registro non conosce alcun effetto con questa chiave; vedi `mentoring effects`.",
    ),
    Refusal.EFFECT_NOT_UNKNOWN: (
        "It is known what became of this effect: {detail}. Only what nobody can tell of is settled by hand.",
        "Di questo effetto si sa com'è andata: {detail}. A mano si chiude solo ciò di cui nessuno sa dire.",
    ),
    Refusal.EFFECT_FORGOTTEN: (
        "What this effect was is in no history any more, so it cannot be tried again: give it up, or mark it.",
        "Che cosa fosse questo effetto non sta più in nessuna storia: non si può riprovare. Abbandonalo o segnalo.",
    ),
    Refusal.MOVED: (
        "This mentoring relationship is being moved or has moved to another installation; it can be changed there.",
        "Questo abbinamento è in trasferimento o è passato a un'altra installazione: può essere modificato lì.",
    ),
}
"""English and Italian; a test holds it complete."""
