/* THE table: what can be asked, by whom, and who answers. Start reading here. */
#include "api/app.h"
#include "api/handlers.h"

#define V1      "/api/v1"
#define ACTING  (GUARD_JSON | GUARD_IDEMPOTENT)
#define READERS (CITIZEN | LME | GRO | EO | DESK | CONTROLLING | COMMISSIONER | MAYOR)
#define PEERS   (LME | GRO | EO | CONTROLLING)
#define WORKERS (PEERS | COMMISSIONER | MAYOR)
#define CLERKS  (WORKERS | DESK)
#define JOINERS (CITIZEN | DESK | GRO)
#define ALL     (CITIZEN | STAFF)
#define TAKING  (GUARD_IDEMPOTENT | GUARD_SLOW)
#define USERS   (CONTROLLING | ADMIN)
#define FIRST   GUARD_FIRST_PASSWORD

/* clang-format off */
const struct route routes[] = {
	/* method   path                                who       guards                   front          back */
	{ M_GET,    V1 "/status/{number}",              ANYONE,   GUARD_NONE,              status_peek,   status_get      },

	{ M_GET,    V1 "/catalogue",                    ANYONE,   GUARD_NONE,              catalogue_get, NULL            },
	{ M_GET,    V1 "/wards",                        ANYONE,   GUARD_NONE,              wards_get,     NULL            },
	{ M_GET,    V1 "/wards/locate",                 ANYONE,   GUARD_NONE,              NULL,          wards_locate    },

	{ M_POST,   V1 "/otp",                          ANYONE,   GUARD_JSON,              NULL,          otp_post        },
	{ M_POST,   V1 "/sessions",                     ANYONE,   GUARD_JSON,              NULL,          sessions_post   },
	{ M_GET,    V1 "/sessions",                     ALL,      FIRST,                   NULL,          sessions_get    },
	{ M_DELETE, V1 "/sessions",                     ALL,      FIRST,                   NULL,          sessions_delete },
	{ M_DELETE, V1 "/sessions/current",             ALL,      FIRST,                   NULL,          session_delete  },
	{ M_DELETE, V1 "/sessions/{id}",                ALL,      FIRST,                   NULL,          session_remove  },

	{ M_GET,    V1 "/me",                           ALL,      FIRST,                   NULL,          me_get          },
	{ M_POST,   V1 "/me/password",                  STAFF,    GUARD_JSON | FIRST,      NULL,          me_password     },
	{ M_POST,   V1 "/me/totp",                      STAFF,    GUARD_JSON,              NULL,          totp_post       },
	{ M_POST,   V1 "/me/totp/confirm",              STAFF,    GUARD_JSON,              NULL,          totp_confirm    },
	{ M_POST,   V1 "/me/totp/remove",               STAFF,    GUARD_JSON,              NULL,          totp_remove     },

	/* what shows a secret takes no Idempotency-Key: nothing may keep the answer */
	{ M_GET,    V1 "/users",                        USERS,    GUARD_NONE,              NULL,          users_get       },
	{ M_POST,   V1 "/users",                        USERS,    GUARD_JSON,              NULL,          user_post       },
	{ M_GET,    V1 "/users/{user}",                 USERS,    GUARD_NONE,              NULL,          user_get        },
	{ M_PATCH,  V1 "/users/{user}",                 USERS,    GUARD_JSON,              NULL,          user_patch      },
	{ M_POST,   V1 "/users/{user}/password",        USERS,    GUARD_JSON,              NULL,          user_password   },
	{ M_DELETE, V1 "/users/{user}/totp",            USERS,    GUARD_NONE,              NULL,          user_totp_off   },
	{ M_GET,    V1 "/users/{user}/sessions",        USERS,    GUARD_NONE,              NULL,          user_sessions   },
	{ M_DELETE, V1 "/users/{user}/sessions",        USERS,    GUARD_NONE,              NULL,          user_log_out    },

	{ M_POST,   V1 "/complaints",                   CITIZEN,  ACTING | GUARD_IN_CALL,  NULL,          complaint_post  },
	{ M_GET,    V1 "/complaints",                   READERS,  GUARD_NONE,              NULL,          complaints_get  },
	{ M_POST,   V1 "/complaints/search",            CLERKS,   GUARD_JSON,              NULL,          search_post     },
	{ M_POST,   V1 "/complaints/similar",           JOINERS,  GUARD_JSON,              NULL,          similar_post    },
	{ M_GET,    V1 "/complaints/{number}",          READERS,  GUARD_NONE,              NULL,          complaint_get   },
	{ M_GET,    V1 "/complaints/{number}/timeline", READERS,  GUARD_NONE,              NULL,          timeline_get    },
	{ M_POST,   V1 "/complaints/{number}/actions",  READERS,  ACTING,                  NULL,          action_post     },

	{ M_POST,   V1 "/uploads",                      ALL,      TAKING,                  NULL,          upload_post     },
	{ M_GET,    V1 "/complaints/{number}/attachments/{id}", READERS, GUARD_NONE,       NULL,          attachment_get  },
	{ M_POST,   V1 "/links",                        ANYONE,   GUARD_JSON,              NULL,          link_post       },
	{ M_POST,   V1 "/links/actions",                ANYONE,   ACTING,                  NULL,          link_action_post },
	{ M_GET,    V1 "/templates",                    ADMIN,    GUARD_NONE,              NULL,          templates_get   },
	{ M_GET,    V1 "/templates/{code}/{language}",  ADMIN,    GUARD_NONE,              NULL,          template_get    },
	{ M_PUT,    V1 "/templates/{code}/{language}",  ADMIN,    GUARD_JSON,              NULL,          template_put    },
	{ M_POST,   V1 "/templates/preview",            ADMIN,    GUARD_JSON,              NULL,          template_preview },

	{ M_GET,    V1 "/inbox",                        WORKERS,  GUARD_NONE,              NULL,          inbox_get       },
	{ M_POST,   V1 "/inbox/actions",                CLERKS,   ACTING,                  NULL,          bulk_post       },
	{ M_GET,    V1 "/employees",                    PEERS,    GUARD_NONE,              NULL,          employees_get   },

	{ M_GET,    "/healthz",                         ANYONE,   GUARD_NONE,              healthz,       NULL            },
	{ M_GET,    "/readyz",                          ANYONE,   GUARD_NONE,              readyz,        NULL            },
	{ M_GET,    "/metrics",                         ANYONE,   GUARD_NONE,              metrics_get,   NULL            },
};
/* clang-format on */
const size_t n_routes = ARRAY_LEN(routes);
