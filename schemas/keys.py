"""The names of all keys in Redis. The first braces decide the hash slot on a cluster, and they are the same for all:
one master has every key, so a step may write any of them together (decision 0111). Later braces only mark what belongs
together."""

TAG = "wm"
PREFIX = f"{{{TAG}}}:"

# Channel of schemas.route.RouteChange messages.
ROUTES = PREFIX + "routes"
# How many of these were ever published: the publishing script counts, and each ping tells the count.
CHANGES = PREFIX + "changes"
# Counts the times that replicas were waited for (codes.replication).
MARK = PREFIX + "mark"
# Sorted set: name of a live redirector → unix time at which its registration expires.
REDIRECTORS = PREFIX + "redirectors"
# Counters (codes.numbers): the highest number given to a code, and to a workspace.
NUMBERS = PREFIX + "numbers"
WORKSPACE_NUMBERS = PREFIX + "workspace-numbers"
# Hash: workspace name → number.
WORKSPACES = PREFIX + "workspaces"
# Hash: birth of a code → schemas.code.Erasure.
ERASURES = PREFIX + "erasures"
# Hash: source → schemas.register.SourceEntry, as its redirector last reported.
SOURCES = PREFIX + "sources"
# Hash: source → schemas.register.Heartbeat, from each live redirector once a second; until its end is stored.
HEARTBEATS = PREFIX + "heartbeats"
# schemas.complete_until.CompleteUntil, as an aggregator found it within the last second.
COMPLETE_UNTIL = PREFIX + "complete-until"
# schemas.proof.Proof, of the last round of the audit in the background; and which aggregator makes the rounds. Expires.
PROOF = PREFIX + "proof"
PROOF_LEASE = PREFIX + "proof-lease"
# JSON: the link keys that were scanned most lately, for redirectors that start (redirect.preload). Expires.
HOT_LINKS = PREFIX + "hot-links"
# Thirty-two random bytes; redirectors sign cookies with them.
COOKIE_SECRET = PREFIX + "cookie-secret"
# The secrets that sign tokens, newest first (codes.token_secrets).
TOKEN_SECRETS = PREFIX + "token-secrets"
# Thirty-two random bytes; the API seals positions in the stream with them.
POSITION_SECRET = PREFIX + "position-secret"
# Hash: nonce → the intent of a change of several steps (codes.intents), until it is done.
INTENTS = PREFIX + "intents"

# The change log (codes.change_log). Hash: a mark and an element that is written, or was, and may not be recorded yet →
# when. Hash: id of a log → the snapshot with which it has everything. Who makes that now; expires. Set while an empty
# Redis is being restored.
UNRECORDED = PREFIX + "unrecorded"
CHANGE_LOGS = PREFIX + "change-logs"
CHANGE_LOG_LEASE = PREFIX + "change-log-lease"
RESTORING = PREFIX + "restoring"

# Custom domains. Hash: id → schemas.domain.Domain; hash: name → id of the one that is verified;
# "workspace name" → id of its claim, so that there is one; a version that grows with every change of a verified one;
# the highest number given out.
DOMAINS = PREFIX + "{domains}:domains"
DOMAIN_NAMES = PREFIX + "{domains}:names"
DOMAIN_CLAIMS = PREFIX + "{domains}:claims"
DOMAINS_VERSION = PREFIX + "{domains}:version"
DOMAIN_NUMBERS = PREFIX + "{domains}:numbers"
# Hash: number of a workspace → schemas.branding.Branding. Of the same version, since redirectors read both at once.
BRANDINGS = PREFIX + "{domains}:brandings"
# Sorted set: id of a verified domain → when the DNS was last asked whether it is proven (codes.domain_rechecks).
DOMAINS_LOOKED_AT = PREFIX + "{domains}:looked-at"

# Sorted set: "workspace/id" of an open job (codes.jobs) → when it last had a turn. Sorted set: workspace → when one of
# its jobs last had one.
JOBS = PREFIX + "jobs"
JOB_TURNS = PREFIX + "job-turns"

# Webhooks. Hash: id of an endpoint → schemas.webhook.Endpoint; a version that grows with every change
# of one; hash: workspace → how many it has (nothing is told of the codes of the others).
WEBHOOKS = PREFIX + "{webhooks}:endpoints"
WEBHOOKS_VERSION = PREFIX + "{webhooks}:version"
WEBHOOK_WORKSPACES = PREFIX + "{webhooks}:workspaces"
# Stream: what happened to codes, until it is queued for their workspace's endpoints (codes.code_events).
CODE_EVENTS = PREFIX + "{webhooks}:code-events"
# Sorted set: id of a code → when it expires, until that is told. Hash: birth of a code with a scan limit → its id;
# birth → how often its limit is to be looked at; birth → the limit that was told as reached.
CODE_EXPIRIES = PREFIX + "{webhooks}:expiries"
LIMITED_CODES = PREFIX + "{webhooks}:limited-codes"
LIMITS_TO_CHECK = PREFIX + "{webhooks}:limits-to-check"
LIMITS_REACHED = PREFIX + "{webhooks}:limits-reached"
# Sorted set: id of an endpoint → when its next delivery is due. The process that delivers now; expires. Thirty-two
# random bytes, from which ids of scans, and secrets without WAYMARK_WEBHOOK_KEY, are derived.
WEBHOOKS_DUE = PREFIX + "{webhooks}:due"
WEBHOOKS_LEASE = PREFIX + "{webhooks}:lease"
WEBHOOKS_KEY = PREFIX + "{webhooks}:key"

# Sorted set: "workspace/id" of a scheduled export → when it is looked at next. The process that has the lease does so.
EXPORTS_DUE = PREFIX + "exports-due"
EXPORTS_LEASE = PREFIX + "exports-lease"

# Channel: the names of what there is to do (codes.work_signals).
WORK = PREFIX + "work"

# Hash: key of an uploaded file → whose bytes are being kept or deleted (codes.files), until that is done.
FILES_UNDER_WAY = PREFIX + "files-under-way"


def link_key(host: str, slug: str) -> str:
    """Host and slug of a code; `host` is "" for the default short host, else a custom domain."""
    return f"{host}/{slug}"


def slug_of(key: str) -> str:
    """The slug of a link key."""
    return key.partition("/")[2]


def code(key: str) -> str:
    return f"{PREFIX}{{{key}}}:code"


def route(key: str) -> str:
    return f"{PREFIX}{{{key}}}:route"


def code_id(uuid: str) -> str:
    """Id of a code → its link key, a space, and a mark that is new whenever the code gets a link key."""
    return f"{PREFIX}id:{uuid}"


def ack(nonce: str) -> str:
    return f"{PREFIX}ack:{nonce}"


def token_family(id: str) -> str:
    """The valid refresh token of a family (QR Code Agency). Expires with the last of them."""
    return f"{PREFIX}token-family:{id}"


def salt(day: str) -> str:
    """The visitor salt of one UTC day (YYYY-MM-DD), sixteen random bytes; expires with the day. Never in the Redis of
    codes, which persists: only in one without persistence (WAYMARK_SALT_REDIS_URL)."""
    return f"{PREFIX}salt:{day}"


def scans_used(birth: int) -> str:
    """How many scans a code with a limit has used. Keyed by birth, so that the count survives a new slug, and a later
    code of the same slug starts at none."""
    return f"{PREFIX}{{scans:{birth}}}:used"


def history(birth: int) -> str:
    """Stream: what was changed of a code (codes.history)."""
    return f"{PREFIX}{{history:{birth}}}:history"


def gate_tries(birth: int, who: str = "all") -> str:
    """Hash: how many passwords of a code were tried (`n`), by all or by one hashed address or network, and the earliest
    time of the next try. Expires."""
    return f"{PREFIX}{{tries:{birth}}}:{who}"


def webhook(id: str, part: str) -> str:
    """Of one endpoint. Sorted sets of its deliveries: `pending` (by when the next attempt is due), `delivered` and
    `dead` (by when that was); hashes: `deliveries` (id → webhooks.deliveries.Delivery), `bodies`, `state`."""
    return f"{PREFIX}{{webhooks}}:{part}:{id}"


def job(id: str) -> str:
    """Hash: a job (`about`), its `state`, how much is `completed` and `failed`, and who fetches its results."""
    return f"{PREFIX}{{job:{id}}}:job"


def job_items(id: str) -> str:
    """Hash: position of an item → the item, as it was sent."""
    return f"{PREFIX}{{job:{id}}}:items"


def job_results(id: str) -> str:
    """Hash: position of an item → its result."""
    return f"{PREFIX}{{job:{id}}}:results"


def job_lease(id: str) -> str:
    """The worker that processes the job now. Expires."""
    return f"{PREFIX}{{job:{id}}}:lease"


def workspace(number: int) -> str:
    return f"{PREFIX}{{ws:{number}}}:workspace"


def workspace_codes(number: int) -> str:
    """Sorted set: id of a code, by its number."""
    return f"{PREFIX}{{ws:{number}}}:codes"


def workspace_changes(number: int) -> str:
    """Stream: the id of each code that was written (codes.code_changes). Only the latest entries are kept."""
    return f"{PREFIX}{{ws:{number}}}:changes"


def workspace_sizes(number: int) -> str:
    """Hash: id of a code → its size in bytes; `total` → all codes, static ones too; `files` → all files."""
    return f"{PREFIX}{{ws:{number}}}:sizes"


def workspace_statics(number: int) -> str:
    """Hash: id of a static code → schemas.code.StaticCode."""
    return f"{PREFIX}{{ws:{number}}}:statics"


def workspace_static_numbers(number: int) -> str:
    """Sorted set: id of a static code, by its number."""
    return f"{PREFIX}{{ws:{number}}}:static-numbers"


def workspace_folders(number: int) -> str:
    """Hash: id of a folder → schemas.code.Folder."""
    return f"{PREFIX}{{ws:{number}}}:folders"


def workspace_exports(number: int) -> str:
    """Hash: id of a scheduled export → codes.scheduled_exports.ScheduledExport."""
    return f"{PREFIX}{{ws:{number}}}:exports"


def export_progress(number: int) -> str:
    """Hash: id of a scheduled export → first day of the period whose file is next."""
    return f"{PREFIX}{{ws:{number}}}:export-progress"


def export_runs(number: int, id: str) -> str:
    """Hash: name of a period → codes.scheduled_exports.ExportRun."""
    return f"{PREFIX}{{ws:{number}}}:export-runs:{id}"


def workspace_reports(number: int) -> str:
    """Hash: id of a saved question → schemas.code.Report."""
    return f"{PREFIX}{{ws:{number}}}:reports"


def workspace_styles(number: int) -> str:
    """Hash: id of a kept style → schemas.code.SavedStyle."""
    return f"{PREFIX}{{ws:{number}}}:styles"


def workspace_shared_views(number: int) -> str:
    """Hash: id of a shared view → schemas.code.SharedView."""
    return f"{PREFIX}{{ws:{number}}}:shared-views"


def workspace_jobs(number: int) -> str:
    """Hash: id of a job whose items are kept → their size in bytes."""
    return f"{PREFIX}{{ws:{number}}}:jobs"


def workspace_turn(number: int) -> str:
    """Whose turn it is to add to what a plan counts (codes.plan_limits). Expires."""
    return f"{PREFIX}{{ws:{number}}}:turn"


def quota(number: int, name: str, period: str = "") -> str:
    """How much of a quota of a workspace is taken (codes.quotas): a sorted set of the last hour, or the number of a
    month. Expires."""
    return f"{PREFIX}{{ws:{number}}}:quota:{name}" + (f":{period}" if period else "")


def once(number: int, what: str) -> str:
    """Hash: the request under an Idempotency-Key and its answer (api.idempotency). Expires."""
    return f"{PREFIX}{{ws:{number}}}:once:{what}"


def onces(number: int) -> str:
    """Hash: `records:` and `bytes:` with a day → how many Idempotency-Keys were first used on it, and the size of their
    answers."""
    return f"{PREFIX}{{ws:{number}}}:onces"


def workspace_keys(number: int) -> str:
    """Hash: id of an API key → digest of its secret."""
    return f"{PREFIX}{{ws:{number}}}:keys"


def workspace_sessions(number: int) -> str:
    """Hash: id of a session of the dashboard → digest of its secret. (Those that have ended may still be listed.)"""
    return f"{PREFIX}{{ws:{number}}}:sessions"


def workspace_files(number: int) -> str:
    """Hash: id of an uploaded file → schemas.files.StoredFile."""
    return f"{PREFIX}{{ws:{number}}}:files"


def deleted_code(number: int, slug: str) -> str:
    """schemas.code.DeletedCode of the latest code of a workspace that was deleted under this slug and whose rows are
    kept. Expires with them."""
    return f"{PREFIX}{{ws:{number}}}:remains:{slug}"


def deleted_codes() -> str:
    """A pattern for SCAN."""
    return f"{PREFIX}{{ws:*}}:remains:*"


def api_key(digest: str) -> str:
    return f"{PREFIX}key:{digest}"


def session(digest: str) -> str:
    """codes.sessions.Session; expires."""
    return f"{PREFIX}session:{digest}"


def sign_in_link(digest: str) -> str:
    """Whom a printed link signs in; expires, and is used once."""
    return f"{PREFIX}sign-in:{digest}"


def shared_view(digest: str) -> str:
    """Digest of the token of a shared view → its workspace, a space, its id."""
    return f"{PREFIX}shared-view:{digest}"


def host_and_slug(route_key: str) -> tuple[str, str]:
    """Host and slug of the key of a route."""
    host, _, slug = route_key[len(PREFIX) + 1 : -len("}:route")].partition("/")
    return host, slug
