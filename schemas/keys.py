"""The names of everything in Redis. What stands in braces decides the hash slot on a cluster:
a code and its route share one, so they can be written in one transaction."""

PREFIX = "wm:"

# Messages of schemas.route.RouteChange.
ROUTES = PREFIX + "routes"
# How many of these were ever published: counted in the script that publishes, and told by each ping. Its slot is not
# that of codes: on a Redis Cluster each primary would need one of its own (docs/scaling.md: there is none).
CHANGES = PREFIX + "changes"
# Sorted set: name of a live redirector → unix time at which its registration lapses.
REDIRECTORS = PREFIX + "redirectors"
# Counters (codes.numbers): the highest number of a code, and of a workspace, that was given out.
NUMBERS = PREFIX + "numbers"
WORKSPACE_NUMBERS = PREFIX + "workspace-numbers"
# Hash: workspace name → number.
WORKSPACES = PREFIX + "workspaces"
# Hash: birth of a code → schemas.code.Erasure.
ERASURES = PREFIX + "erasures"
# Hash: source → schemas.register.SourceEntry, as its redirector said last.
SOURCES = PREFIX + "sources"
# Thirty-two random bytes with which redirectors sign cookies.
COOKIE_SECRET = PREFIX + "cookie-secret"
# The secrets that tokens are signed with, newest first (codes.token_secrets).
TOKEN_SECRETS = PREFIX + "token-secrets"
# Hash: nonce → what a change of several steps is about to do (codes.intents), until it is done.
INTENTS = PREFIX + "intents"

# Custom domains, all in one slot. Hash: id → schemas.domain.Domain; hash: name → id of the one that is verified;
# "workspace name" → id of its claim, so that there is one; a version that grows with every change of a verified one;
# the highest number given out.
DOMAINS = PREFIX + "{domains}:domains"
DOMAIN_NAMES = PREFIX + "{domains}:names"
DOMAIN_CLAIMS = PREFIX + "{domains}:claims"
DOMAINS_VERSION = PREFIX + "{domains}:version"
DOMAIN_NUMBERS = PREFIX + "{domains}:numbers"
# Sorted set: id of a verified domain → when the DNS was last asked whether it is proven (codes.domain_rechecks).
DOMAINS_LOOKED_AT = PREFIX + "{domains}:looked-at"

# Sorted set: "workspace/id" of an open job (codes.jobs) → when it last had a turn. Sorted set: workspace → when one of
# its jobs last had one.
JOBS = PREFIX + "jobs"
JOB_TURNS = PREFIX + "job-turns"

# Hash: key of an uploaded file → whose bytes are being kept or deleted (codes.files), until that is done.
FILES_UNDER_WAY = PREFIX + "files-under-way"


def link_key(host: str, slug: str) -> str:
    """Where a code can be found: `host` is "" for the default short host, else a custom domain."""
    return f"{host}/{slug}"


def slug_of(at: str) -> str:
    """Of a place."""
    return at.partition("/")[2]


def code(at: str) -> str:
    return f"{PREFIX}{{{at}}}:code"


def route(at: str) -> str:
    return f"{PREFIX}{{{at}}}:route"


def code_id(uuid: str) -> str:
    """Id of a code → its place, a space, and a mark that is new whenever the code comes to a place."""
    return f"{PREFIX}id:{uuid}"


def ack(nonce: str) -> str:
    return f"{PREFIX}ack:{nonce}"


def token_family(id: str) -> str:
    """Which refresh token of a family is good (QR Code Agency). Expires with the last of them."""
    return f"{PREFIX}token-family:{id}"


def salt(day: str) -> str:
    """Sixteen random bytes for the visitors of one UTC day, YYYY-MM-DD; expires with it. Never in the Redis that keeps
    codes, which is on disk: only in one without a disk (WAYMARK_SALT_REDIS_URL)."""
    return f"{PREFIX}salt:{day}"


def scans_used(birth: int) -> str:
    """How many scans a code with a limit has used. By its birth, so that it stays when the slug changes, and a
    later code of the same slug begins with none."""
    return f"{PREFIX}{{scans:{birth}}}:used"


def gate_tries(birth: int, who: str = "all") -> str:
    """Hash: how many passwords of a code were tried (`n`), by all or by one hashed address or network, and from when on
    the next one may be. Expires."""
    return f"{PREFIX}{{tries:{birth}}}:{who}"


def job(id: str) -> str:
    """Hash: what a job is (`about`), its `state`, how much is `completed` and `failed`, who fetches its results."""
    return f"{PREFIX}{{job:{id}}}:job"


def job_items(id: str) -> str:
    """Hash: position of an item → the item, as it was sent."""
    return f"{PREFIX}{{job:{id}}}:items"


def job_results(id: str) -> str:
    """Hash: position of an item → what became of it."""
    return f"{PREFIX}{{job:{id}}}:results"


def job_lease(id: str) -> str:
    """Whose turn it is. Expires."""
    return f"{PREFIX}{{job:{id}}}:lease"


def workspace(number: int) -> str:
    return f"{PREFIX}{{ws:{number}}}:workspace"


def workspace_codes(number: int) -> str:
    """Sorted set: id of a code, by its number."""
    return f"{PREFIX}{{ws:{number}}}:codes"


def workspace_sizes(number: int) -> str:
    """Hash: id of a code → its bytes; `total` → those of all codes, static ones too; `files` → those of all files."""
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


def workspace_jobs(number: int) -> str:
    """Hash: id of a job whose items are kept → their bytes."""
    return f"{PREFIX}{{ws:{number}}}:jobs"


def workspace_turn(number: int) -> str:
    """Whose turn it is to add to what a plan counts (codes.plan_limits). Expires."""
    return f"{PREFIX}{{ws:{number}}}:turn"


def quota(number: int, name: str, period: str = "") -> str:
    """How much of a quota of a workspace is taken (codes.quotas): a sorted set of the last hour, or the number of a
    month. Expires."""
    return f"{PREFIX}{{ws:{number}}}:quota:{name}" + (f":{period}" if period else "")


def once(number: int, what: str) -> str:
    """Hash: what was asked for under an Idempotency-Key, and what was answered (api.idempotency). Expires."""
    return f"{PREFIX}{{ws:{number}}}:once:{what}"


def onces(number: int) -> str:
    """Hash: `records:` and `bytes:` with a day → how many Idempotency-Keys were begun on it, and what their answers
    take."""
    return f"{PREFIX}{{ws:{number}}}:onces"


def workspace_keys(number: int) -> str:
    """Hash: id of an API key → digest of its secret."""
    return f"{PREFIX}{{ws:{number}}}:keys"


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


def host_and_slug(route_key: str) -> tuple[str, str]:
    """Whose route this is the key of."""
    host, _, slug = route_key[len(PREFIX) + 1 : -len("}:route")].partition("/")
    return host, slug
