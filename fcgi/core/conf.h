/* The one typed table of settings: an INI file (libinih), overridden by EKMC_SECTION_KEY in the environment.
 *
 * An unknown key, a value of the wrong type or range, or a missing secret of a section the process uses stops the start, each with
 * its name. The table stands in conf.c (conf_keys[]), the README's table is checked against it.
 *
 * `;` and `#` begin a comment only at the beginning of a line: inside a value they belong to it. A key may stand once. Any EKMC_
 * variable that names no key is an error. A line has at most 8190 bytes. */
#ifndef EKMC_CORE_CONF_H
#define EKMC_CORE_CONF_H

#include <stdio.h>
#include "core/base.h"
#include "core/log.h"

/* Which process reads a section: a missing secret matters only to those that use it. */
enum conf_user { CONF_API = 1, CONF_LEGACY = 2, CONF_NOTIFY = 4, CONF_CTL = 8, CONF_CLOCK = 16 };

enum conf_mode { MODE_PRODUCTION, MODE_DEMO };
enum legacy_format { LEGACY_HTML, LEGACY_JSON };
enum http_method { METHOD_GET, METHOD_POST };
enum sms_profile { SMS_NONE, SMS_FILE };

/* All text is never NULL (empty when unset) and lives as long as the conf. */
struct conf {
	struct {
		int mode; /* enum conf_mode */
		int64_t go_live_ms;
		const char *base_url;
		const char *sql_dir;
	} system;
	struct {
		int level; /* enum log_level */
	} log;
	struct {
		const char *socket;
	} listen;
	struct {
		int64_t fronts, backs, queue, body_bytes, arena_bytes, drain_ms;
	} worker;
	struct {
		const char *hosts, *user, *password, *name;
		int64_t connect_ms, io_ms, total_ms;
	} db;
	struct {
		const char *address, *password;
		int64_t timeout_ms;
	} redis;
	struct {
		const char *keys, *index_key, *token_key, *audit_keys;
	} seal;
	struct {
		int64_t ttl_s, tries, mobile_10min, mobile_day, address_hour, total_day;
	} otp;
	struct {
		int64_t citizen_days, staff_hours;
	} session;
	struct {
		int64_t ttl_s;
	} status;
	struct {
		const char *dir, *uploads, *program;
		int64_t unbound;
	} attachments;
	struct {
		const char *url, *query, *form, *charset, *number_pattern, *old_page;
		int method; /* enum http_method */
		int format; /* enum legacy_format */
		int64_t timeout_ms, max_bytes, parallel, open_ttl_s, closed_ttl_s, stale_s;
		const char *not_found, *number, *status, *department, *category, *ward, *lodged, *closed, *remark;
		const char *date_format, *status_map;
	} legacy;
	struct {
		int profile; /* enum sms_profile */
		const char *file;
		int64_t poll_ms;
	} sms;
	struct {
		int64_t tick_s, lease_s, batch, threads;
	} clock;
};

/* Reads `path` and the environment for a process of kind `user`. Every problem is printed to `err`, one line each, with the key's
 * name. NULL: do not start. Freed by conf_free. */
MUST_USE struct conf *conf_load(const char *path, enum conf_user user, FILE *err);
void conf_free(struct conf *c);

/* Every key of the table as `section.key = value` in the order of the table, secrets as `********` when set. */
void conf_print(const struct conf *c, FILE *out);

#endif
