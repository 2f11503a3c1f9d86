-- Proof that timelines are whole, and a record of who read personal data (sql/AUDIT.md tells how it fits together).

ALTER TABLE complaint_event
  ADD KEY complaint_event_at (at) COMMENT 'which complaints changed on a day; grows at its end only';

CREATE TABLE audit_day (
  day DATE NOT NULL PRIMARY KEY COMMENT 'a Kolkata calendar day that is over',
  heads INT UNSIGNED NOT NULL COMMENT 'complaints with an event of that day: its rows of audit_head',
  events INT UNSIGNED NOT NULL COMMENT 'events of that day',
  root BINARY(32) NOT NULL COMMENT 'Merkle tree hash (RFC 6962) of the heads in the order of complaint_id',
  previous BINARY(32) NOT NULL COMMENT 'tag of the day before; zeros: the first day',
  signed_at DATETIME(3) NOT NULL COMMENT 'UTC',
  key_id TINYINT UNSIGNED NOT NULL COMMENT 'which of seal.audit_keys signed',
  tag BINARY(32) NOT NULL COMMENT 'HMAC-SHA256 of all of the above'
) ENGINE=InnoDB COMMENT 'closed days, signed by the clock; append-only, without gaps, chained; the log has each of them too';

CREATE TABLE audit_head (
  day DATE NOT NULL COMMENT 'the day',
  complaint_id BIGINT UNSIGNED NOT NULL COMMENT 'a complaint with an event of that day; no foreign key: it outlives what it proves',
  number CHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'its number, to name it when it is gone',
  event_count INT UNSIGNED NOT NULL COMMENT 'the last event of that day',
  event_head BINARY(32) NOT NULL COMMENT 'hash of that event, and by the chain of all before it',
  tag BINARY(16) NOT NULL COMMENT 'HMAC-SHA256 of the row, cut off: tells which row was altered when the tree no longer fits',
  PRIMARY KEY (day, complaint_id),
  KEY audit_head_number (number, day)
) ENGINE=InnoDB COMMENT 'heads of timelines at the end of each closed day; append-only, a row per complaint that changed';

CREATE TABLE access_log (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'surrogate',
  at DATETIME(3) NOT NULL COMMENT 'of the first such reading in its five minutes, UTC',
  slot INT UNSIGNED NOT NULL COMMENT 'those five minutes, counted since 1970',
  staff_id BIGINT UNSIGNED NULL COMMENT 'who read; NULL: the operator',
  operator VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'account of the host from which ekmc-ctl was run',
  roles SET('LME','GRO','EO','DESK','CONTROLLING','COMMISSIONER','MAYOR','ADMIN') NOT NULL COMMENT 'duties at that time',
  complaint_id BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'whose complaint; 0: a search',
  what VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'what was read',
  subject BINARY(32) NOT NULL DEFAULT '' COMMENT 'HMAC of the mobile that was searched for; zeros: none',
  reason VARCHAR(200) NULL COMMENT 'why, where it has to be told',
  request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the request, as in the logs',
  UNIQUE KEY access_log_once (staff_id, slot, complaint_id, what, subject) COMMENT 'one row per five minutes; also: what somebody read',
  KEY access_log_complaint (complaint_id),
  KEY access_log_at (at) COMMENT 'for the purge'
) ENGINE=InnoDB COMMENT 'which of the staff read whose personal data; kept a year';
