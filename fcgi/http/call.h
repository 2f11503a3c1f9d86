/* One request on its way through the process: parsed, routed, answered in the front or in the back. */
#ifndef EKMC_HTTP_CALL_H
#define EKMC_HTTP_CALL_H

#include "core/cache.h"
#include "core/db.h"
#include "core/schema.h"
#include "domain/actor.h"
#include "http/req.h"
#include "http/resp.h"

struct call;
struct reactor;

/* What a front function decided. */
enum next {
	NEXT_REPLY, /* c->resp is the answer */
	NEXT_BACK,  /* a thread of the back pool is to run route->back */
	NEXT_WAIT,  /* call_reply or call_back will be called later on this reactor's thread */
};

/* What a route promises, checked by the gate before the handler runs. */
enum guard {
	GUARD_NONE = 0,
	GUARD_JSON = 1,       /* the body is JSON, by its Content-Type too */
	GUARD_IDEMPOTENT = 2, /* takes an Idempotency-Key; c->key is set, made up when none was sent */
	GUARD_IN_CALL = 4,    /* the database call itself checks the session: the gate only reads the token */
	GUARD_SLOW = 8,       /* takes seconds: the back function runs in the two threads kept for such, never in the others' */
	GUARD_FIRST_PASSWORD = 16, /* may be called before a first password was changed; nothing else may */
	GUARD_LARGE = 32,          /* a file: the body may have BODY_LARGE_BYTES; nginx has a location for it with the same limit */
};

struct route {
	unsigned methods;
	const char *path; /* "/api/v1/complaints/{number}" */
	unsigned who;     /* roles, or ANYONE */
	unsigned guards;
	enum next (*front)(struct call *c);  /* or NULL: straight to the back */
	enum status (*back)(struct call *c); /* or NULL: the front always answers */
};

/* What a thread of the back pool owns. */
struct worker {
	struct db *db;
	struct cache *cache;
};

#define CALL_PARAMS_MAX  4
#define BODY_LARGE_BYTES ((size_t)2 << 20)
#define KEY_MAX          64

struct call {
	struct arena *arena;
	struct req req;
	struct resp resp;
	const struct route *route;
	struct span param[CALL_PARAMS_MAX]; /* the {…} of the path, in order */
	struct field_errors errors;
	json_t *about;   /* further members of a problem (state, action, since …), owned by the arena, or NULL */
	const char *why; /* a developer's hint for a malformed request, or NULL */
	json_t *body;    /* GUARD_JSON */
	char key[KEY_MAX + 1];
	struct actor actor;
	const struct conf *conf;
	const struct seal *seal; /* NULL in a process that needs none */
	void *app;               /* the process's own context, given to the server */
	struct reactor *reactor;
	struct worker *worker; /* in the back only */
	int64_t started_ms;    /* clock_monotonic_ms */
};

/* For front functions: the problem as the answer. */
enum next call_fail(struct call *c, enum status st);

/* Ends a NEXT_WAIT on the reactor's thread. */
void call_reply(struct call *c);
void call_back(struct call *c);

/* What the reactor's setup function made for its thread (the asynchronous cache, the bridge's callers). */
void *call_local(const struct call *c);

/* Adds a field error and returns E_INVALID, for the last line of a check. */
enum status call_field(struct call *c, const char *pointer, enum field_code code);
/* The same for FE_FORMAT, with an example of what is right. */
enum status call_format(struct call *c, const char *pointer, const char *example);

/* The query string into a struct by a table: E_INVALID with pointers such as "/limit". */
MUST_USE enum status call_query(struct call *c, const struct field *fields, size_t n, void *out);
/* The body into a struct by a table. */
MUST_USE enum status call_body(struct call *c, const struct field *fields, size_t n, void *out);

#endif
