/* Counters of this process, as Prometheus text (exposition format 0.0.4). */
#ifndef EKMC_HTTP_METRICS_H
#define EKMC_HTTP_METRICS_H

#include <stdatomic.h>

#include "core/buf.h"

struct metrics {
	atomic_uint_fast64_t answers[6];  /* by the first digit of the status */
	atomic_uint_fast64_t front, back; /* where they were answered */
	atomic_uint_fast64_t refused;     /* the queue was full */
	atomic_uint_fast64_t late;        /* waited in the queue past their time */
	atomic_uint_fast64_t micros;      /* time to answer, summed */
	atomic_int_fast64_t connections, queued;
	atomic_uint_fast64_t cache_hits, cache_misses;
};

extern struct metrics metrics;

void metrics_write(struct buf *out);

#endif
