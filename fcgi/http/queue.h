/* A bounded queue of calls between the front and the back pool: many threads push, many pop. */
#ifndef EKMC_HTTP_QUEUE_H
#define EKMC_HTTP_QUEUE_H

#include "core/base.h"

struct queue;

MUST_USE struct queue *queue_new(size_t cap);
void queue_free(struct queue *q);

/* False at once when it is full or closed. */
MUST_USE bool queue_push(struct queue *q, void *item);
/* Waits; NULL when the queue is closed and empty. */
void *queue_pop(struct queue *q);
/* No more pushes; waiting pops end once it is empty. */
void queue_close(struct queue *q);
size_t queue_length(struct queue *q);

#endif
