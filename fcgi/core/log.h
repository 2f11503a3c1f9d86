/* JSON lines on standard error: {"at","level","event","request_id",…}. One line per event, written by one write(2).
 *
 * Values of the keys mobile, phone, name, address, email, code, token, password and secret are masked by the writer, so that a
 * careless call cannot leak them (design, section 5). */
#ifndef EKMC_CORE_LOG_H
#define EKMC_CORE_LOG_H

#include "core/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVEL__COUNT };

/* `program` stands in each line. Call once, before threads. */
void log_init(const char *program, enum log_level least);
MUST_USE bool log_level_parse(const char *name, enum log_level *out);

/* The id of the request this thread works for; NULL for none. The text must outlive the setting. */
void log_request(const char *request_id);

/* Key/value pairs, the values as text, ended by NULL: log_event(LOG_WARN, "db_lost", "host", host, "error", err, NULL).
 * A NULL value is written as null and ends the pairs too. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
/* The same with one printf-formatted detail. */
void log_detail(enum log_level level, const char *event, const char *fmt, ...) PRINTF(3, 4);

/* Where lines go instead of standard error, for tests. NULL: back to standard error. */
void log_sink(void (*write_line)(const char *line, size_t n, void *arg), void *arg);

#endif
