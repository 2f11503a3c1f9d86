/* The handlers that routes.c names, by resource. */
#ifndef EKMC_API_HANDLERS_H
#define EKMC_API_HANDLERS_H

#include "http/call.h"

/* status.c */
enum next status_peek(struct call *c);
enum status status_get(struct call *c);

/* catalogue.c */
enum next catalogue_get(struct call *c);
enum next wards_get(struct call *c);
enum status wards_locate(struct call *c);

/* access.c */
enum status otp_post(struct call *c);
enum status sessions_post(struct call *c);
enum status sessions_get(struct call *c);
enum status sessions_delete(struct call *c);
enum status session_delete(struct call *c);
enum status session_remove(struct call *c);

/* me.c */
enum status me_get(struct call *c);
enum status me_password(struct call *c);
enum status totp_post(struct call *c);
enum status totp_confirm(struct call *c);
enum status totp_remove(struct call *c);

/* users.c */
enum status users_get(struct call *c);
enum status user_post(struct call *c);
enum status user_get(struct call *c);
enum status user_patch(struct call *c);
enum status user_password(struct call *c);
enum status user_totp_off(struct call *c);
enum status user_sessions(struct call *c);
enum status user_log_out(struct call *c);

/* complaints.c */
enum status complaint_post(struct call *c);
enum status complaint_get(struct call *c);
enum status complaints_get(struct call *c);
enum status timeline_get(struct call *c);
enum status action_post(struct call *c);

/* attachments.c */
enum status upload_post(struct call *c);
enum status attachment_get(struct call *c);
/* near.c */
enum status similar_post(struct call *c);

/* link.c */
enum status link_post(struct call *c);
enum status link_action_post(struct call *c);
/* templates.c */
enum status templates_get(struct call *c);
enum status template_get(struct call *c);
enum status template_put(struct call *c);
enum status template_preview(struct call *c);
/* roster.c */
enum status roster_get(struct call *c);
enum status roster_post(struct call *c);

/* admin.c */
enum status departments_get(struct call *c);
enum status department_post(struct call *c);
enum status department_change_post(struct call *c);
enum status categories_get(struct call *c);
enum status category_post(struct call *c);
enum status category_change_post(struct call *c);
enum status subcategories_get(struct call *c);
enum status subcategory_post(struct call *c);
enum status subcategory_change_post(struct call *c);
enum status holidays_get(struct call *c);
enum status holiday_put(struct call *c);
enum status holiday_delete(struct call *c);
enum status settings_get(struct call *c);
enum status setting_put(struct call *c);
enum status changes_get(struct call *c);
/* audit.c */
enum status audit_access_get(struct call *c);
enum status complaint_access_get(struct call *c);

/* inbox.c */
enum status inbox_get(struct call *c);
enum status register_get(struct call *c); /* GET /complaints of employees */
enum status search_post(struct call *c);

/* employees.c */
enum status employees_get(struct call *c);

/* bulk.c */
enum status bulk_post(struct call *c);

/* ops.c */
enum next healthz(struct call *c);
enum next readyz(struct call *c);
enum next metrics_get(struct call *c);

#endif
