/* The table of counters and its text. */
#include "http/metrics.h"

#include <inttypes.h>

struct metrics metrics;

static void
line(struct buf *out, const char *name, const char *type, const char *help, const char *labels, int64_t value)
{
	if (type != NULL)
		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
	buf_printf(out, "%s%s %" PRId64 "\n", name, labels, value);
}

void
metrics_write(struct buf *out)
{
	static const char *const classes[] = {
		NULL, NULL, "{class=\"2xx\"}", "{class=\"3xx\"}", "{class=\"4xx\"}", "{class=\"5xx\"}"
	};
	static const char answers[] = "ekmc_answers_total", where[] = "ekmc_answered_in_total", cache[] = "ekmc_status_cache_total";

	for (size_t i = 2; i < ARRAY_LEN(classes); i++)
		line(out, answers, i == 2 ? "counter" : NULL, "answers by class of status", classes[i],
		     (int64_t)atomic_load(&metrics.answers[i]));
	line(out, where, "counter", "answers by pool", "{pool=\"front\"}", (int64_t)atomic_load(&metrics.front));
	line(out, where, NULL, NULL, "{pool=\"back\"}", (int64_t)atomic_load(&metrics.back));
	line(out, cache, "counter", "status look-ups", "{result=\"hit\"}", (int64_t)atomic_load(&metrics.cache_hits));
	line(out, cache, NULL, NULL, "{result=\"miss\"}", (int64_t)atomic_load(&metrics.cache_misses));
	line(out, "ekmc_refused_total", "counter", "requests refused because the queue was full", "",
	     (int64_t)atomic_load(&metrics.refused));
	line(out, "ekmc_late_total", "counter", "requests that waited past their time", "", (int64_t)atomic_load(&metrics.late));
	line(out, "ekmc_answer_microseconds_total", "counter", "time from reading to answering, summed", "",
	     (int64_t)atomic_load(&metrics.micros));
	line(out, "ekmc_connections", "gauge", "kept FastCGI connections", "", atomic_load(&metrics.connections));
	line(out, "ekmc_queued", "gauge", "requests waiting for or in the back pool", "", atomic_load(&metrics.queued));
}
