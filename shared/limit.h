/*
 * limit - every maximum, one line each with its reason. The sum of these is what the programs
 * can use. A limit has a counter where it is enforced and a test that goes one over.
 */
#ifndef LIMITS_H
#define LIMITS_H

/* --- HTTP API of fcgi-app --- */
#define LIMIT_BODY_BYTES (256UL * 1024) /* a whole conversation of an old client */
#define LIMIT_JSON_DEPTH 16             /* ours need 4 */
#define LIMIT_MESSAGES_PER_REQUEST 200  /* turns in messages[] */
#define LIMIT_MESSAGE_BYTES (32UL * 1024)
#define LIMIT_CHAT_ID_LEN 128               /* with "presence-chat." in front below Pusher's 164 */
#define LIMIT_CHAT_NUMBER (1LL << 53)       /* what a JavaScript number holds exactly */
#define LIMIT_CHAT_QUEUE 5                  /* prompts that wait or run in one chat; then 409 */
#define LIMIT_HISTORY_PAGE 200              /* messages a page, default and maximum */
#define LIMIT_HISTORY_BYTES (1024UL * 1024) /* text a page; at least one message is always sent */
#define LIMIT_CHATS_PAGE 100
#define LIMIT_MESSAGES_PAGE 50 /* of GET messages: what a screen shows, and some more */
#define LIMIT_TITLES 16 /* asked of AI_TITLE_MODEL at once; more chats keep their first words */
#define LIMIT_TITLE_BYTES 200
#define LIMIT_PERSONA_BYTES (16UL * 1024)
#define LIMIT_MODEL_BYTES 100
#define LIMIT_UNDO_MS 10000 /* a deleted chat can be restored so long */
#define LIMIT_DELETE_MESSAGES                                                                      \
	1000                   /* one DELETE of a message takes along so many answers at most      \
				*/
#define LIMIT_TOMBSTONES 1000  /* kept a chat; who asks from before them loads afresh */
#define LIMIT_SEARCH_BYTES 256 /* of a query */
#define LIMIT_SEARCH_TERMS 16
#define LIMIT_SEARCH_PAGE 50
#define LIMIT_SEARCH_CHATS 1000 /* more: the index cannot say where to look, rows are looked at */
#define LIMIT_SEARCH_ROWS 20000 /* looked at for one page, then the cursor goes on */
#define LIMIT_EXPORT_BYTES (16UL * 1024 * 1024) /* what is let out can be let in again */
#define LIMIT_IMPORT_MESSAGES 50000
#define LIMIT_LARGE_AT_ONCE 2 /* imports and exports of a process: each may be as large as that */
#define LIMIT_LARGE_WAIT_MS 1000
#define LIMIT_USAGE_DAYS 366
#define LIMIT_QUERY_BYTES 4096
#define LIMIT_IDEMPOTENCY_KEY_LEN 128
#define LIMIT_SUBJECT_BYTES 160     /* who a JWT, a token or REMOTE_USER names */
#define LIMIT_NAME_BYTES 80         /* display name */
#define LIMIT_CREDENTIAL_BYTES 4096 /* Authorization, Cookie: more is no credential */
#define LIMIT_MEMBERS 100           /* of a private chat: what a presence channel takes */
#define LIMIT_INVITATIONS 20        /* valid links of a chat */
#define LIMIT_INVITATION_DAYS 365
#define LIMIT_SESSION_DAYS 90
#define LIMIT_BODY_SECONDS 10 /* for a whole body to come in */
#define LIMIT_IO_SECONDS 15   /* a FastCGI peer that neither sends nor reads */
#define LIMIT_ACCEPT_THREADS 256

/* --- replies --- */
#define LIMIT_REPLY_TOKENS 8192
#define LIMIT_REPLY_BYTES (64UL * 1024) /* text of one reply; more ends it as truncated */
#define LIMIT_CONTEXT_TOKENS 32000      /* history sent along: models take 1 M, the bill does not */
#define LIMIT_CONTEXT_TURNS 400
#define LIMIT_REPLIES 1024        /* AI_MAX_REPLIES: at once on this host */
#define LIMIT_REPLIES_LOGGED 1000 /* that ended, for operators */
#define LIMIT_TICK_MS 40          /* one commit, then one round of datagrams */
#define LIMIT_LEASE_MS 10000
#define LIMIT_HEARTBEAT_MS 2000
#define LIMIT_CONNECT_ATTEMPTS 5 /* failures before the first text */
#define LIMIT_STREAM_ATTEMPTS 3  /* failures after it */
#define LIMIT_CRASH_ATTEMPTS 10  /* runners that died under it: kill -9 storms are no verdict */
#define LIMIT_AI_CONNECT_MS 5000
#define LIMIT_AI_FIRST_BYTE_MS 60000 /* 503s come late, thinking is silent */
#define LIMIT_AI_IDLE_MS 120000
#define LIMIT_AI_TOTAL_MS (20 * 60 * 1000)
#define LIMIT_AI_RETRY_AFTER_MS (300 * 1000) /* asked to wait longer: final */
#define LIMIT_AI_ERROR_BYTES (64UL * 1024)
#define LIMIT_AI_EVENT_BYTES                                                                       \
	(8UL * 1024 * 1024)                      /* one SSE event: grounding HTML, inline images   \
						  */
#define LIMIT_AI_ANSWER_BYTES (64 * 1024 * 1024) /* all events of one answer */
#define LIMIT_AI_BODY_BYTES (8UL * 1024 * 1024)  /* unary answer, model list */

/* --- room on the database's disk: what DISK_MIN_FREE_MB and DISK_BALLAST_MB say, but at most ...
 * --- */
#define LIMIT_DISK_MIN_FREE_SHARE 20           /* ... a twentieth of the file system */
#define LIMIT_DISK_BALLAST_SHARE 50            /* ... and a fiftieth; */
#define LIMIT_DISK_BALLAST_LEAST (128L * 1024) /* less than that helps nobody */
#define LIMIT_DISK_CRITICAL_BYTES                                                                  \
	(6L * 1024 * 1024) /* a log until its checkpoint, and half as much */
#define LIMIT_DISK_CRITICAL_SHARE 80
#define LIMIT_DISK_LOOK_MS 250  /* between two looks of a process */
#define LIMIT_DISK_CALM_MS 5000 /* the ballast is not made again sooner after the disk was full */
#define LIMIT_CHECK_AT_START_BYTES (64L * 1024 * 1024) /* of the database: 0.1 s at each start */
#define LIMIT_CHECK_DAYS 7        /* a larger one is read whole, beside the service */
#define LIMIT_DISK_RETRY_MS 60000 /* nor after it could not be made */

/* --- the log of a worker that plain CGI started: beyond it, it begins anew --- */
#define LIMIT_WORKER_LOG_BYTES (1024UL * 1024)

/* --- notify datagram --- */
#define LIMIT_DATAGRAM_BYTES (192UL * 1024) /* below the stock SO_SNDBUF of 212,992 */
#define LIMIT_OUTBOX_ROUND 512              /* final events handed over in one tick */

/* --- push server, Pusher's own limits (defaults of an app where it can be set) --- */
#define LIMIT_CHANNELS_PER_EVENT 100
#define LIMIT_CHANNEL_NAME_LEN 164
#define LIMIT_CHANNEL_NAME_LEN_MAX 200
#define LIMIT_EVENT_NAME_LEN 200
#define LIMIT_EVENT_BYTES 10240
#define LIMIT_BATCH_EVENTS 10
#define LIMIT_APPS 10000 /* of PUSH_APPS_FILE */
#define LIMIT_APPS_FILE_BYTES (16UL * 1024 * 1024)
#define LIMIT_APP_FIELD_LEN 256 /* id, key, secret, name, path */
#define LIMIT_ORIGINS 100       /* of an app */
#define LIMIT_WEBHOOKS 10       /* of an app */
#define LIMIT_WEBHOOK_URL_LEN 2048
#define LIMIT_WEBHOOK_HEADERS 20
#define LIMIT_WEBHOOK_HOLD_MS 3000 /* who comes back sooner has never left */
#define LIMIT_WEBHOOK_HOLDS 100000
#define LIMIT_WEBHOOK_POSTS 10000 /* that wait for one receiver */
#define LIMIT_WEBHOOK_BYTES (8UL * 1024 * 1024)
#define LIMIT_WEBHOOK_ALL_BYTES (64UL * 1024 * 1024)
#define LIMIT_WEBHOOK_BATCH_MS 50
#define LIMIT_WEBHOOK_BATCH_EVENTS 100
#define LIMIT_WEBHOOK_RETRY_MS (300 * 1000)
#define LIMIT_WEBHOOK_PAUSE_MS (60 * 1000)
#define LIMIT_WEBHOOK_CONNECTIONS 32 /* at once; they live in what LIMIT_FD_RESERVE keeps */
#define LIMIT_WEBHOOK_CONNECT_MS 3000
#define LIMIT_WEBHOOK_TOTAL_MS 10000
#define LIMIT_WEBHOOK_ANSWER_BYTES (64UL * 1024) /* read and thrown away */
#define LIMIT_HTTP_HEAD_BYTES (16UL * 1024)      /* a proxy passes the site's cookies on */
#define LIMIT_HTTP_BODY_BYTES (1024UL * 1024)
#define LIMIT_HTTP_BODIES_BYTES (64UL * 1024 * 1024) /* of all requests that are being received */
#define LIMIT_HTTP_BODY_SECONDS 30
#define LIMIT_HTTP_IDLE_SECONDS 60 /* between two requests of a connection */
#define LIMIT_HTTP_SIGNATURE_SECONDS 600
#define LIMIT_WS_MESSAGE_BYTES (100UL * 1024)
#define LIMIT_WS_FRAGMENTS 128
#define LIMIT_PUSHER_DEPTH                                                                         \
	64 /* of JSON in client messages: what others may have built is theirs                     \
	    */
#define LIMIT_CHANNELS_PER_SOCKET                                                                  \
	1000 /* Pusher has none: ours bounds what one stranger can make                            \
	      */
#define LIMIT_CLIENT_EVENTS_PER_SECOND 10 /* of one connection */
#define LIMIT_PRESENCE_MEMBERS 100
#define LIMIT_USER_INFO_BYTES 1024
#define LIMIT_USER_ID_LEN 128
#define LIMIT_WATCHLIST 100
#define LIMIT_USER_AUTHENTICATION_SECONDS 30
#define LIMIT_CACHE_SECONDS 1800
#define LIMIT_CACHE_BYTES                                                                          \
	(32UL * 1024 * 1024)      /* what an app's cache channels remember together                \
				   */
#define LIMIT_COUNTED_AT_ONCE 100 /* subscribers: above, subscription_count waits ... */
#define LIMIT_COUNT_MS 5000       /* ... so long between two */
#define LIMIT_OUTBOX_BYTES (256UL * 1024)
#define LIMIT_OUTBOX_FRAMES 1000
#define LIMIT_HANDSHAKE_SECONDS 10
#define LIMIT_ACTIVITY_SECONDS 120
#define LIMIT_PONG_SECONDS 30
#define LIMIT_DRAIN_SECONDS 12
#define LIMIT_DASHBOARDS 64    /* operators' pages that are open at once */
#define LIMIT_DASHBOARD_APPS 4 /* apps that one of them watches */
#define LIMIT_FD_RESERVE 64    /* descriptors that are never given to connections */

/* --- settings --- */
#define LIMIT_ENV_BYTES (256UL * 1024)
#define LIMIT_ENV_LINE 8192

#endif
