/* A ring under a mutex. */
#include "http/queue.h"

#include <pthread.h>
#include <stdlib.h>

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	size_t cap, head, n;
	bool closed;
	void *item[];
};

struct queue *
queue_new(size_t cap)
{
	struct queue *q = calloc(1, sizeof(*q) + cap * sizeof(void *));

	if (q == NULL)
		return NULL;
	q->cap = cap;
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->filled, NULL);
	return q;
}

void
queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	(void)pthread_cond_destroy(&q->filled);
	(void)pthread_mutex_destroy(&q->lock);
	free(q);
}

bool
queue_push(struct queue *q, void *item)
{
	bool ok;

	(void)pthread_mutex_lock(&q->lock);
	ok = !q->closed && q->n < q->cap;
	if (ok) {
		q->item[(q->head + q->n++) % q->cap] = item;
		(void)pthread_cond_signal(&q->filled);
	}
	(void)pthread_mutex_unlock(&q->lock);
	return ok;
}

void *
queue_pop(struct queue *q)
{
	void *item = NULL;

	(void)pthread_mutex_lock(&q->lock);
	while (q->n == 0 && !q->closed)
		(void)pthread_cond_wait(&q->filled, &q->lock);
	if (q->n > 0) {
		item = q->item[q->head];
		q->head = (q->head + 1) % q->cap;
		q->n--;
	}
	(void)pthread_mutex_unlock(&q->lock);
	return item;
}

void
queue_close(struct queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->closed = true;
	(void)pthread_cond_broadcast(&q->filled);
	(void)pthread_mutex_unlock(&q->lock);
}

size_t
queue_length(struct queue *q)
{
	size_t n;

	(void)pthread_mutex_lock(&q->lock);
	n = q->n;
	(void)pthread_mutex_unlock(&q->lock);
	return n;
}
