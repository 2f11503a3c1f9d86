-- Texts of messages that administrators change.

ALTER TABLE sms_template
  ADD COLUMN changed_at DATETIME(3) NULL COMMENT 'last change by an administrator, UTC; NULL: as it was seeded, and seeding may renew it',
  ADD COLUMN changed_by BIGINT UNSIGNED NULL COMMENT 'staff.id',
  COMMENT 'texts of messages; a change makes directory_version grow';

CREATE TABLE sms_template_change (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'surrogate',
  code VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'sms_template.code',
  language ENUM('en','bn','hi') NOT NULL COMMENT 'sms_template.language',
  at DATETIME(3) NOT NULL COMMENT 'when, UTC',
  staff_id BIGINT UNSIGNED NOT NULL COMMENT 'who',
  text_before VARCHAR(1000) NOT NULL COMMENT 'what it said before',
  dlt_id_before VARCHAR(30) CHARACTER SET ascii NOT NULL COMMENT 'under which DLT template id',
  KEY sms_template_change_text (code, language, id),
  CONSTRAINT sms_template_change_template FOREIGN KEY (code, language) REFERENCES sms_template (code, language),
  CONSTRAINT sms_template_change_staff FOREIGN KEY (staff_id) REFERENCES staff (id)
) ENGINE=InnoDB COMMENT 'what texts of messages said before they were changed';

ALTER TABLE notification_rule
  MODIFY COLUMN event VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the action on the timeline; overdue: level 2 is past its promise, which is no event',
  MODIFY COLUMN to_state VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'only when it led to this state; empty: any, and then there is no other rule of the event for the audience';
