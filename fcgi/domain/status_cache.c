/* Leases and barriers of the status cache. */
#include "domain/status_cache.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "core/buf.h"

#define LEASE_MS "8000" /* longer than any request may take: nginx 6 s, database 5 s */
#define OWED_MAX 1024

static const char reserve_lua[] = "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', " LEASE_MS ") then return 1 end return 0";
static const char lower_lua[] = "redis.call('SET', KEYS[1], ARGV[1], 'PX', " LEASE_MS ") return 1";
static const char put_lua[] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end"
			      " redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1";

static struct {
	pthread_mutex_t lock;
	char number[OWED_MAX][NUMBER_DIGITS + 1];
	size_t n;
} owed = { .lock = PTHREAD_MUTEX_INITIALIZER };

void
status_cache_key(const char *number, char out[static STATUS_KEY_SIZE])
{
	(void)snprintf(out, STATUS_KEY_SIZE, "ekmc:status:%.12s", number);
}

bool
status_cache_parse(struct span value, struct span *etag, struct span *body)
{
	const char *space, *line;

	if (value.p == NULL || value.n < 4 || value.p[0] != 'V')
		return false;
	space = memchr(value.p, ' ', value.n);
	line = memchr(value.p, '\n', value.n);
	if (space == NULL || line == NULL || space > line)
		return false;
	*etag = (struct span){ space + 1, (size_t)(line - space - 1) };
	*body = (struct span){ line + 1, value.n - (size_t)(line + 1 - value.p) };
	return true;
}

static void
new_token(char kind, char token[static STATUS_TOKEN_SIZE])
{
	token[0] = kind;
	ids_random_hex(token + 1);
}

static bool
place(struct cache *k, const char *number, const char *lua, const char *token)
{
	char key[STATUS_KEY_SIZE];
	const struct span args[] = { span_of(token) };
	int64_t reply = 0;

	status_cache_key(number, key);
	return cache_script(k, lua, key, args, ARRAY_LEN(args), &reply) && reply == 1;
}

void
status_cache_reserve(struct cache *k, const char *number, char token[static STATUS_TOKEN_SIZE])
{
	new_token('R', token);
	if (!place(k, number, reserve_lua, token))
		token[0] = '\0';
}

void
status_cache_lower(struct cache *k, const char *number)
{
	char token[STATUS_TOKEN_SIZE];

	new_token('W', token);
	(void)place(k, number, lower_lua, token);
}

bool
status_cache_put(struct cache *k, const char *number, const char *token, int64_t version, const char *etag, struct span body,
		 int64_t ttl_s)
{
	char key[STATUS_KEY_SIZE], ttl_text[24];
	struct buf value = BUF_INIT(1 << 20);
	int64_t reply = 0;
	bool ok = false;

	if (token[0] == '\0')
		return false;
	status_cache_key(number, key);
	(void)snprintf(ttl_text, sizeof(ttl_text), "%" PRId64, ttl_s * 1000);
	buf_printf(&value, "V%" PRId64 " %s\n", version, etag);
	buf_span(&value, body);
	if (!value.failed) {
		const struct span args[] = { span_of(token), buf_view(&value), span_of(ttl_text) };

		ok = cache_script(k, put_lua, key, args, ARRAY_LEN(args), &reply) && reply == 1;
	}
	buf_release(&value);
	return ok;
}

void
status_cache_drop(struct cache *k, const char *number)
{
	char key[STATUS_KEY_SIZE];

	status_cache_key(number, key);
	if (cache_delete(k, key))
		return;
	(void)pthread_mutex_lock(&owed.lock);
	/* when more is owed than there is room for, the TTL bounds the rest */
	if (owed.n < OWED_MAX)
		(void)snprintf(owed.number[owed.n++], NUMBER_DIGITS + 1, "%.12s", number);
	(void)pthread_mutex_unlock(&owed.lock);
}

bool
status_cache_pay(struct cache *k)
{
	char key[STATUS_KEY_SIZE], number[NUMBER_DIGITS + 1];

	for (;;) {
		(void)pthread_mutex_lock(&owed.lock);
		if (owed.n > 0)
			memcpy(number, owed.number[owed.n - 1], sizeof(number));
		else
			number[0] = '\0';
		(void)pthread_mutex_unlock(&owed.lock);
		if (number[0] == '\0')
			return true;
		status_cache_key(number, key);
		if (!cache_delete(k, key))
			return false;
		(void)pthread_mutex_lock(&owed.lock);
		if (owed.n > 0 && memcmp(owed.number[owed.n - 1], number, sizeof(number)) == 0)
			owed.n--;
		(void)pthread_mutex_unlock(&owed.lock);
	}
}
