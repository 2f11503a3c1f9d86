/* What the files of the role `notify` share; nobody else includes it. */
#ifndef EKMC_BRIDGE_NOTIFY_IMPL_H
#define EKMC_BRIDGE_NOTIFY_IMPL_H

#include "core/db.h"
#include "core/seal.h"
#include "domain/outbox.h"

/* One SMS, ready to be sent. */
struct sms {
	char to[14]; /* "+91" and ten digits */
	struct span text;
	struct span template, template_id;
	struct span number; /* of the complaint, 12 digits; p == NULL: about none */
	enum lang lang;
	int64_t id; /* outbox.id, the stable reference */
	int parts;
};

/* Makes the message's text in its language. Variables that the payload lacks come from the complaint as it is now.
 * E_OK with *refused: it can never be sent, and why (static). Other: E_BUSY and whatever the database says, E_NOMEM. */
MUST_USE enum status notify_text(struct db *db, struct arena *a, const struct seal *seal, const struct conf *c,
				 const struct outbox_message *m, struct sms *out, const char **refused);

enum sms_sent {
	SMS_SENT,
	SMS_NOT_SENT, /* not a byte: may be tried again */
	SMS_MAYBE,    /* somewhere in between */
};
/* The profile `file`: appends a line of JSON to `path` and waits until the disk has it. */
MUST_USE enum sms_sent notify_file_send(const char *path, const struct sms *s);
/* Whether the file can be opened. */
MUST_USE bool notify_file_check(const char *path);

extern const struct sql notify_sql[];
extern const size_t notify_sql_n;

#endif
