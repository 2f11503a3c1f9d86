/* The record as JSON, version 1. */
#include "bridge/legacy_record.h"

#include <stdio.h>

#include "bridge/text.h"
#include "core/clock.h"
#include "core/json.h"

#define VERSION      1
#define RECORD_BYTES 32768
/* clocks of several hosts differ a little */
#define FUTURE_MS 60000

const char *
legacy_record_key(const char *number, char out[static LEGACY_KEY_SIZE])
{
	(void)snprintf(out, LEGACY_KEY_SIZE, "ekmc:legacy:%s", number);
	return out;
}

static json_t *
number_or_null(int64_t v, bool absent)
{
	return absent ? json_null() : json_integer(v);
}

void
legacy_record_encode(const struct legacy_record *r, const char *number, struct buf *out)
{
	const struct legacy_case *c = &r->complaint;
	json_t *v = json_pack("{s:i, s:s, s:I, s:b}", "v", VERSION, "number", number, "fetched", (json_int_t)r->fetched_ms, "found",
			      (int)r->found);

	if (v != NULL && r->found &&
	    json_object_update_new(v, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "state", state_name(c->state), "ward",
						number_or_null(c->ward, c->ward == 0), "lodged",
						number_or_null(c->lodged_ms, c->lodged_ms == CLOCK_NONE), "closed",
						number_or_null(c->closed_ms, c->closed_ms == CLOCK_NONE), "department",
						json_span(c->department), "category", json_span(c->category), "remark",
						json_span(c->remark))) != 0) {
		json_decref(v);
		v = NULL;
	}
	if (v == NULL)
		out->failed = true;
	else
		json_encode(v, out);
	json_decref(v);
}

static bool
read_time(const json_t *o, const char *key, int64_t *out)
{
	const json_t *v = json_object_get(o, key);

	*out = json_is_integer(v) ? json_integer_value(v) : CLOCK_NONE;
	/* years 1970 to 9999, which clock_text can write */
	return json_is_null(v) || (json_is_integer(v) && *out >= 0 && *out < INT64_C(253402300800000));
}

static bool
read_text(struct arena *a, const json_t *o, const char *key, size_t max_chars, struct span *out)
{
	const json_t *v = json_object_get(o, key);
	bool failed = false;

	*out = (struct span){ NULL, 0 };
	if (json_is_string(v))
		*out = text_clean(a, (struct span){ json_string_value(v), json_string_length(v) }, max_chars, &failed);
	return !failed && (json_is_string(v) || json_is_null(v));
}

static bool
read_case(struct arena *a, const json_t *o, const char *number, struct legacy_case *c)
{
	const json_t *ward = json_object_get(o, "ward");
	const char *state = json_string_value(json_object_get(o, "state"));
	json_int_t n = json_is_null(ward) ? 0 : json_is_integer(ward) ? json_integer_value(ward) : -1;

	if (state == NULL || !state_parse(span_of(state), &c->state) || n < 0 || n > LEGACY_WARDS)
		return false;
	c->ward = (int)n;
	memcpy(c->number, number, strlen(number) + 1);
	return read_time(o, "lodged", &c->lodged_ms) && read_time(o, "closed", &c->closed_ms) &&
	       read_text(a, o, "department", LEGACY_NAME_CHARS, &c->department) &&
	       read_text(a, o, "category", LEGACY_NAME_CHARS, &c->category) &&
	       read_text(a, o, "remark", LEGACY_TEXT_CHARS, &c->remark);
}

bool
legacy_record_decode(struct arena *a, struct span text, const char *number, int64_t now_ms, struct legacy_record *out)
{
	const char *why, *own;
	json_t *o;

	*out = (struct legacy_record){ .found = false };
	if (text.p == NULL || text.n > RECORD_BYTES || json_decode(a, text, &o, &why) != E_OK || !json_is_object(o))
		return false;
	own = json_string_value(json_object_get(o, "number"));
	if (json_integer_value(json_object_get(o, "v")) != VERSION || own == NULL || strcmp(own, number) != 0 ||
	    !json_is_boolean(json_object_get(o, "found")) || !read_time(o, "fetched", &out->fetched_ms) ||
	    out->fetched_ms == CLOCK_NONE || out->fetched_ms > now_ms + FUTURE_MS)
		return false;
	out->found = json_is_true(json_object_get(o, "found"));
	return !out->found || read_case(a, o, number, &out->complaint);
}
