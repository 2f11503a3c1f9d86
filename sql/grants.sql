-- What each process may do, and nothing more. Run after every migration by ekmc-ctl, whose user owns the schema.

GRANT SELECT ON ekmc.* TO ekmc_api@'%';
GRANT INSERT, UPDATE ON ekmc.citizen TO ekmc_api@'%';
GRANT INSERT, UPDATE (failed_logins, locked_until, password_hash, must_change, totp_sealed, totp_since, totp_step, name_en, name_bn, mobile_sealed, language, active) ON ekmc.staff TO ekmc_api@'%';
GRANT UPDATE ON ekmc.directory_version TO ekmc_api@'%';
GRANT INSERT, UPDATE ON ekmc.session TO ekmc_api@'%';
GRANT INSERT, UPDATE ON ekmc.otp TO ekmc_api@'%';
GRANT INSERT, UPDATE ON ekmc.otp_gate TO ekmc_api@'%';
GRANT INSERT, UPDATE ON ekmc.otp_day TO ekmc_api@'%';
GRANT UPDATE ON ekmc.id_block TO ekmc_api@'%';
GRANT INSERT, UPDATE (answer) ON ekmc.idempotency TO ekmc_api@'%';
GRANT INSERT ON ekmc.rating TO ekmc_api@'%';
GRANT INSERT ON ekmc.outbox TO ekmc_api@'%';
GRANT INSERT, UPDATE (complaint_id, event_seq, internal) ON ekmc.attachment TO ekmc_api@'%';
GRANT INSERT, UPDATE (tries) ON ekmc.link TO ekmc_api@'%';
GRANT UPDATE (text, dlt_id, changed_at, changed_by) ON ekmc.sms_template TO ekmc_api@'%';
GRANT INSERT ON ekmc.sms_template_change TO ekmc_api@'%';
GRANT UPDATE ON ekmc.directory_version TO ekmc_api@'%';
GRANT EXECUTE ON PROCEDURE ekmc.complaint_lodge TO ekmc_api@'%';
GRANT EXECUTE ON PROCEDURE ekmc.complaint_move TO ekmc_api@'%';
GRANT EXECUTE ON FUNCTION ekmc.ward_at TO ekmc_api@'%';
GRANT EXECUTE ON FUNCTION ekmc.near_m TO ekmc_api@'%';

GRANT SELECT, UPDATE ON ekmc.outbox TO ekmc_notify@'%';
GRANT SELECT ON ekmc.sms_template TO ekmc_notify@'%';
GRANT SELECT ON ekmc.subcategory TO ekmc_notify@'%';
GRANT SELECT ON ekmc.department TO ekmc_notify@'%';
GRANT SELECT (id, number, subcategory_code, department_code, ward_no, level, due_at, holder_id) ON ekmc.complaint TO ekmc_notify@'%';
GRANT SELECT (id, mobile_sealed, language) ON ekmc.citizen TO ekmc_notify@'%';
GRANT SELECT (id, name_en, name_bn, mobile_sealed, language, active) ON ekmc.staff TO ekmc_notify@'%';
GRANT SELECT ON ekmc.schema_migration TO ekmc_notify@'%';
