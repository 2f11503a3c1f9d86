-- Roster and administration: versions against lost updates, and a record of who changed what.

ALTER TABLE department
  ADD COLUMN version INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'grows with every change by an administrator';
ALTER TABLE category
  ADD COLUMN version INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'grows with every change by an administrator';
ALTER TABLE subcategory
  ADD COLUMN version INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'grows with every change by an administrator';
ALTER TABLE setting
  ADD COLUMN version INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'grows with every change by an administrator';

CREATE TABLE admin_change (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'surrogate',
  at DATETIME(3) NOT NULL COMMENT 'UTC',
  staff_id BIGINT UNSIGNED NULL COMMENT 'who; NULL: the operator',
  operator VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'account of the host from which ekmc-ctl was run',
  what VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'kind of thing: department, setting, roster …',
  subject VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'which one: its code, name or day; of a list its department or all',
  before_json MEDIUMTEXT NULL COMMENT 'as it was; NULL: it is new; of a list: counts',
  after_json MEDIUMTEXT NULL COMMENT 'as it is; NULL: it is gone; of a list: who came, changed and left, without personal data',
  KEY admin_change_at (at),
  KEY admin_change_subject (what, subject, id),
  CONSTRAINT admin_change_staff FOREIGN KEY (staff_id) REFERENCES staff (id)
) ENGINE=InnoDB COMMENT 'what administrators changed; append-only';
