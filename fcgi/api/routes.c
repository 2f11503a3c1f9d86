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
#define KEEPERS (CONTROLLING | ADMIN)
#define ALL     (CITIZEN | STAFF)
#define TAKING  (GUARD_IDEMPOTENT | GUARD_SLOW)
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
	{ M_GET,    V1 "/users",                        KEEPERS,  GUARD_NONE,              NULL,          users_get       },
	{ M_POST,   V1 "/users",                        KEEPERS,  GUARD_JSON,              NULL,          user_post       },
	{ M_GET,    V1 "/users/{user}",                 KEEPERS,  GUARD_NONE,              NULL,          user_get        },
	{ M_PATCH,  V1 "/users/{user}",                 KEEPERS,  GUARD_JSON,              NULL,          user_patch      },
	{ M_POST,   V1 "/users/{user}/password",        KEEPERS,  GUARD_JSON,              NULL,          user_password   },
	{ M_DELETE, V1 "/users/{user}/totp",            KEEPERS,  GUARD_NONE,              NULL,          user_totp_off   },
	{ M_GET,    V1 "/users/{user}/sessions",        KEEPERS,  GUARD_NONE,              NULL,          user_sessions   },
	{ M_DELETE, V1 "/users/{user}/sessions",        KEEPERS,  GUARD_NONE,              NULL,          user_log_out    },

	{ M_POST,   V1 "/complaints",                   CITIZEN,  ACTING | GUARD_IN_CALL,  NULL,          complaint_post  },
	{ M_GET,    V1 "/complaints",                   READERS,  GUARD_NONE,              NULL,          complaints_get  },
	{ M_POST,   V1 "/complaints/search",            CLERKS,   GUARD_JSON,              NULL,          search_post     },
	{ M_POST,   V1 "/complaints/similar",           JOINERS,  GUARD_JSON,              NULL,          similar_post    },
	{ M_GET,    V1 "/complaints/{number}",          READERS,  GUARD_NONE,              NULL,          complaint_get   },
	{ M_GET,    V1 "/complaints/{number}/timeline", READERS,  GUARD_NONE,              NULL,          timeline_get    },
	{ M_POST,   V1 "/complaints/{number}/actions",  READERS,  ACTING,                  NULL,          action_post     },
	{ M_GET,    V1 "/complaints/{number}/access",   CITIZEN,  GUARD_NONE,              NULL,          complaint_access_get },

	{ M_GET,    V1 "/audit/access",                 COMMISSIONER | ADMIN, GUARD_NONE,  NULL,          audit_access_get },

	{ M_POST,   V1 "/uploads",                      ALL,      TAKING,                  NULL,          upload_post     },
	{ M_GET,    V1 "/complaints/{number}/attachments/{id}", READERS, GUARD_NONE,       NULL,          attachment_get  },
	{ M_POST,   V1 "/links",                        ANYONE,   GUARD_JSON,              NULL,          link_post       },
	{ M_POST,   V1 "/links/actions",                ANYONE,   ACTING,                  NULL,          link_action_post },
	{ M_GET,    V1 "/templates",                    ADMIN,    GUARD_NONE,              NULL,          templates_get   },
	{ M_GET,    V1 "/templates/{code}/{language}",  ADMIN,    GUARD_NONE,              NULL,          template_get    },
	{ M_PUT,    V1 "/templates/{code}/{language}",  ADMIN,    GUARD_JSON,              NULL,          template_put    },
	{ M_POST,   V1 "/templates/preview",            ADMIN,    GUARD_JSON,              NULL,          template_preview },

	{ M_GET,    V1 "/roster",                       KEEPERS,  GUARD_NONE,              NULL,          roster_get      },
	{ M_POST,   V1 "/roster",                       KEEPERS,  TAKING | GUARD_LARGE,    NULL,          roster_post     },

	{ M_GET,    V1 "/departments",                  KEEPERS,  GUARD_NONE,              NULL,          departments_get },
	{ M_POST,   V1 "/departments",                  ADMIN,    ACTING,                  NULL,          department_post },
	{ M_POST,   V1 "/departments/{code}",           ADMIN,    ACTING,                  NULL,          department_change_post  },
	{ M_GET,    V1 "/categories",                   KEEPERS,  GUARD_NONE,              NULL,          categories_get  },
	{ M_POST,   V1 "/categories",                   KEEPERS,  ACTING,                  NULL,          category_post   },
	{ M_POST,   V1 "/categories/{code}",            KEEPERS,  ACTING,                  NULL,          category_change_post    },
	{ M_GET,    V1 "/subcategories",                KEEPERS,  GUARD_NONE,              NULL,          subcategories_get       },
	{ M_POST,   V1 "/subcategories",                KEEPERS,  ACTING,                  NULL,          subcategory_post        },
	{ M_POST,   V1 "/subcategories/{code}",         KEEPERS,  ACTING,                  NULL,          subcategory_change_post },
	{ M_GET,    V1 "/holidays",                     STAFF,    GUARD_NONE,              NULL,          holidays_get    },
	{ M_PUT,    V1 "/holidays/{day}",               ADMIN,    ACTING,                  NULL,          holiday_put     },
	{ M_DELETE, V1 "/holidays/{day}",               ADMIN,    GUARD_IDEMPOTENT,        NULL,          holiday_delete  },
	{ M_GET,    V1 "/settings",                     ADMIN,    GUARD_NONE,              NULL,          settings_get    },
	{ M_PUT,    V1 "/settings/{name}",              ADMIN,    ACTING,                  NULL,          setting_put     },
	{ M_GET,    V1 "/changes",                      ADMIN,    GUARD_NONE,              NULL,          changes_get     },

	{ M_GET,    V1 "/inbox",                        WORKERS,  GUARD_NONE,              NULL,          inbox_get       },
	{ M_POST,   V1 "/inbox/actions",                CLERKS,   ACTING,                  NULL,          bulk_post       },
	{ M_GET,    V1 "/employees",                    PEERS,    GUARD_NONE,              NULL,          employees_get   },

	{ M_GET,    "/healthz",                         ANYONE,   GUARD_NONE,              healthz,       NULL            },
	{ M_GET,    "/readyz",                          ANYONE,   GUARD_NONE,              readyz,        NULL            },
	{ M_GET,    "/metrics",                         ANYONE,   GUARD_NONE,              metrics_get,   NULL            },
};
/* clang-format on */
const size_t n_routes = ARRAY_LEN(routes);
