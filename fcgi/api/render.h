/* Resources as JSON, one function each. All return new references, NULL on exhaustion. */
#ifndef EKMC_API_RENDER_H
#define EKMC_API_RENDER_H

#include "core/conf.h"
#include "core/json.h"
#include "domain/complaint.h"
#include "domain/near.h"
#include "domain/work.h"

/* Bodies that are rendered once per directory. */
MUST_USE bool render_catalogue(const struct conf *conf, const struct directory *d, struct buf *out);
MUST_USE bool render_wards(const struct directory *d, struct buf *out);

/* A number as it is shown and spoken: "2611 0000 0016". */
json_t *render_display(struct span number);
json_t *render_lodged(const struct lodged *l);
json_t *render_near(const struct near_complaint *n);
json_t *render_item(const struct complaint *c);
/* The item and what employees need of it in a list. */
json_t *render_work(const struct work_item *w);
/* An employee as others see them; null for nobody. */
json_t *render_colleague(const struct colleague *who);
/* The item as text in the arena, to be stored with the move that led to it. */
MUST_USE enum status render_moved(struct arena *a, const struct complaint *c, struct span *answer);
/* What an upload became. */
json_t *render_uploaded(const struct attachment *at);
/* Those of one event; of all for seq 0. */
json_t *render_attachments(const struct attachment *list, size_t n, int64_t seq);
/* An internal note is for employees only; so are names. */
json_t *render_event(const struct directory *d, const struct event *e, bool for_staff);
/* "a,b" as ["a","b"]. */
json_t *json_words(struct span words);

#endif
