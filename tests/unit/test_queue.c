/* What the queue promises: bounds, an end, and that nothing is lost or handed out twice by many threads. Runs under TSan too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "http/queue.h"

#define THREADS 4
#define EACH    5000

static int items[THREADS * EACH];

static void
test_queue__is_bounded_and_keeps_the_order(void **state)
{
	static const size_t caps[] = { 1, 2, 7, 256 };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(caps); k++) {
		struct queue *q = queue_new(caps[k]);

		assert_non_null(q);
		/* three times round the ring, from every beginning */
		for (size_t round = 0; round < 3 * caps[k]; round++) {
			for (size_t i = 0; i < caps[k]; i++) {
				assert_int_equal(queue_length(q), i);
				assert_true(queue_push(q, &items[round + i]));
			}
			assert_false(queue_push(q, &items[0]));
			assert_int_equal(queue_length(q), caps[k]);
			for (size_t i = 0; i < caps[k]; i++)
				assert_ptr_equal(queue_pop(q), &items[round + i]);
			assert_int_equal(queue_length(q), 0);
			assert_true(queue_push(q, &items[0]));
			assert_ptr_equal(queue_pop(q), &items[0]);
		}
		queue_free(q);
	}
	queue_free(NULL);
}

static void
test_queue__a_closed_one_gives_out_what_it_has(void **state)
{
	struct queue *q = queue_new(4);

	(void)state;
	assert_non_null(q);
	assert_true(queue_push(q, &items[0]));
	assert_true(queue_push(q, &items[1]));
	queue_close(q);
	assert_false(queue_push(q, &items[2]));
	assert_ptr_equal(queue_pop(q), &items[0]);
	assert_ptr_equal(queue_pop(q), &items[1]);
	assert_null(queue_pop(q));
	assert_null(queue_pop(q));
	queue_close(q);
	queue_free(q);
}

static void *
pop_one(void *arg)
{
	return queue_pop(arg);
}

static void
test_queue__closing_wakes_all_who_wait(void **state)
{
	struct queue *q = queue_new(4);
	pthread_t threads[THREADS];
	void *got;

	(void)state;
	assert_non_null(q);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, pop_one, q), 0);
	(void)nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	queue_close(q);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &got), 0);
		assert_null(got);
	}
	queue_free(q);
}

struct crowd {
	struct queue *q;
	int first; /* of a pusher's items */
	atomic_int *popped;
	int n;
};

static void *
push_all(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < EACH; i++)
		while (!queue_push(c->q, &items[c->first + i]))
			(void)sched_yield(); /* full */
	return NULL;
}

static void *
pop_all(void *arg)
{
	struct crowd *c = arg;
	int *item;

	while ((item = queue_pop(c->q)) != NULL) {
		(void)atomic_fetch_add(&c->popped[item - items], 1);
		c->n++;
	}
	return NULL;
}

static void
test_queue__many_threads_lose_and_double_nothing(void **state)
{
	static const size_t caps[] = { 1, 64 };
	static atomic_int popped[THREADS * EACH];

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(caps); k++) {
		struct queue *q = queue_new(caps[k]);
		struct crowd push[THREADS], pop[THREADS];
		pthread_t pushers[THREADS], poppers[THREADS];
		int sum = 0;

		assert_non_null(q);
		for (size_t i = 0; i < ARRAY_LEN(popped); i++)
			atomic_store(&popped[i], 0);
		for (int i = 0; i < THREADS; i++) {
			push[i] = (struct crowd){ .q = q, .first = i * EACH };
			pop[i] = (struct crowd){ .q = q, .popped = popped };
			assert_int_equal(pthread_create(&poppers[i], NULL, pop_all, &pop[i]), 0);
			assert_int_equal(pthread_create(&pushers[i], NULL, push_all, &push[i]), 0);
		}
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_join(pushers[i], NULL), 0);
		queue_close(q);
		for (int i = 0; i < THREADS; i++) {
			assert_int_equal(pthread_join(poppers[i], NULL), 0);
			sum += pop[i].n;
		}
		assert_int_equal(sum, THREADS * EACH);
		for (size_t i = 0; i < ARRAY_LEN(popped); i++)
			assert_int_equal(atomic_load(&popped[i]), 1);
		queue_free(q);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue__is_bounded_and_keeps_the_order),
		cmocka_unit_test(test_queue__a_closed_one_gives_out_what_it_has),
		cmocka_unit_test(test_queue__closing_wakes_all_who_wait),
		cmocka_unit_test(test_queue__many_threads_lose_and_double_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
