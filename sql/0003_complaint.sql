-- What the system is for: complaints, their events, and what must happen exactly once because of them.

CREATE TABLE id_block (
  name VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'what is numbered',
  next_id BIGINT UNSIGNED NOT NULL COMMENT 'first id not handed out; blocks of 1,000 are taken by compare-and-set, gaps are allowed'
) ENGINE=InnoDB COMMENT 'ids known before the row is stored';

CREATE TABLE complaint (
  id BIGINT UNSIGNED NOT NULL PRIMARY KEY COMMENT 'from id_block',
  number CHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'YYMM, id mod 10^7, Verhoeff digit',
  version INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'grows with every move; the compare-and-set of officers',
  state ENUM('UNASSIGNED','ASSIGNED','IN_PROGRESS','REASSIGN_REQUESTED','AWAITING_CITIZEN','ESCALATED','RESOLVED','REJECTED','CLOSED','WITHDRAWN','DUPLICATE') NOT NULL COMMENT 'where it stands',
  level TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'escalation, 0 to 2, never falls',
  channel ENUM('WEB','APP','WHATSAPP','CALL_CENTRE','TALK_TO_MAYOR','MAYOR_OFFICE','CMRO','OPEN311') NOT NULL COMMENT 'how it came in',
  citizen_id BIGINT UNSIGNED NULL COMMENT 'complainant; NULL: anonymous',
  department_code VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the department that has it',
  category_code VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'its category',
  subcategory_code VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'its subcategory',
  ward_no SMALLINT UNSIGNED NOT NULL COMMENT 'chosen by the citizen or found from the point',
  borough_no TINYINT UNSIGNED NOT NULL COMMENT 'the ward''s borough',
  lon DOUBLE NULL COMMENT 'degrees east, WGS 84',
  lat DOUBLE NULL COMMENT 'degrees north, WGS 84',
  accuracy_m DOUBLE NULL COMMENT 'as the phone said, metres',
  landmark_sealed VARBINARY(1000) NULL COMMENT 'secretbox of the address or landmark',
  description VARCHAR(4000) NOT NULL COMMENT 'the citizen''s words',
  language ENUM('en','bn','hi') NOT NULL COMMENT 'of messages about it',
  holder_id BIGINT UNSIGNED NULL COMMENT 'the LME it is assigned to',
  parent_id BIGINT UNSIGNED NULL COMMENT 'the complaint it duplicates',
  reopen_count TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'at most two in its life',
  lodged_at DATETIME(3) NOT NULL COMMENT 'UTC',
  due_at DATETIME(3) NOT NULL COMMENT 'the promise, UTC',
  escalate_at DATETIME(3) NULL COMMENT 'what the clock reads, UTC',
  resolved_at DATETIME(3) NULL COMMENT 'set by RESOLVED and REJECTED, cleared by reopen, UTC',
  changed_at DATETIME(3) NOT NULL COMMENT 'of the last event, UTC',
  event_count INT UNSIGNED NOT NULL COMMENT 'length of the timeline',
  event_head BINARY(32) NOT NULL COMMENT 'hash of its last event',
  UNIQUE KEY complaint_number (number),
  KEY complaint_citizen (citizen_id, id),
  KEY complaint_holder (holder_id, state, due_at, id),
  KEY complaint_department (department_code, state, due_at, id),
  KEY complaint_near (subcategory_code, ward_no, state),
  KEY complaint_escalate (escalate_at, id),
  KEY complaint_parent (parent_id),
  CONSTRAINT complaint_citizen FOREIGN KEY (citizen_id) REFERENCES citizen (id),
  CONSTRAINT complaint_subcategory FOREIGN KEY (subcategory_code) REFERENCES subcategory (code),
  CONSTRAINT complaint_ward FOREIGN KEY (ward_no) REFERENCES ward (ward_no),
  CONSTRAINT complaint_holder FOREIGN KEY (holder_id) REFERENCES staff (id)
) ENGINE=InnoDB COMMENT 'grievances since the go-live';

CREATE TABLE complaint_event (
  complaint_id BIGINT UNSIGNED NOT NULL COMMENT 'whose',
  seq INT UNSIGNED NOT NULL COMMENT '1, 2, 3 … without gaps',
  at DATETIME(3) NOT NULL COMMENT 'UTC',
  action VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the move',
  from_state VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'NULL for the first',
  to_state VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'state after it',
  level TINYINT UNSIGNED NOT NULL COMMENT 'level after it',
  actor_kind ENUM('citizen','staff','system','machine') NOT NULL COMMENT 'who did it',
  actor_id BIGINT UNSIGNED NULL COMMENT 'citizen.id or staff.id',
  office VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'public_name of kind office: who has it after the move',
  note VARCHAR(4000) NULL COMMENT 'reason or remark',
  internal BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the note never reaches a citizen, the public or CMRO',
  detail VARCHAR(4000) NULL COMMENT 'JSON: what else changed',
  hash BINARY(32) NOT NULL COMMENT 'event_hash() of the one before and this',
  PRIMARY KEY (complaint_id, seq)
) ENGINE=InnoDB COMMENT 'timeline, append-only, hash-chained per complaint; written before its complaint, which carries the head';

CREATE TABLE idempotency (
  scope BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256 of principal, method, path and key',
  body_hash BINARY(32) NOT NULL COMMENT 'SHA-256 of the request body',
  http SMALLINT UNSIGNED NOT NULL COMMENT 'status code of the answer',
  answer MEDIUMBLOB NOT NULL COMMENT 'the answer, or the number of the complaint whose first event it is rendered from',
  created_at DATETIME(3) NOT NULL COMMENT 'kept 24 h, UTC',
  KEY idempotency_created (created_at)
) ENGINE=InnoDB COMMENT 'answers to repeated requests; written in the transaction they answer for';

CREATE TABLE outbox (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'surrogate; its order means nothing',
  lane TINYINT UNSIGNED NOT NULL DEFAULT 1 COMMENT '0 one-time passwords, 1 the rest',
  destination ENUM('sms','whatsapp','cmro') NOT NULL COMMENT 'by which way',
  complaint_id BIGINT UNSIGNED NULL COMMENT 'about which complaint',
  event_seq INT UNSIGNED NULL COMMENT 'because of which event',
  recipient ENUM('citizen','staff','mobile','system') NOT NULL COMMENT 'mobile: stands in the payload',
  recipient_id BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'citizen.id or staff.id',
  template VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'sms_template.code',
  language ENUM('en','bn','hi') NOT NULL COMMENT 'of the text',
  payload_sealed VARBINARY(8000) NULL COMMENT 'secretbox of the variables as JSON; erased when settled (OTP) or after 90 days',
  state ENUM('new','claimed','sending','done','refused','unknown') NOT NULL DEFAULT 'new' COMMENT 'sending is committed before the first byte',
  owner BINARY(16) NULL COMMENT 'token of the claim',
  gen INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'counts claims: fences off a late settler',
  lease_until DATETIME(3) NULL COMMENT 'the claim lapses, UTC',
  tries SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'sends begun',
  not_before DATETIME(3) NOT NULL COMMENT 'back-off, UTC',
  created_at DATETIME(3) NOT NULL COMMENT 'UTC',
  settled_at DATETIME(3) NULL COMMENT 'done, refused or unknown since, UTC',
  result VARCHAR(500) NULL COMMENT 'message id or reason of the last answer',
  UNIQUE KEY outbox_once (complaint_id, event_seq, destination, recipient, recipient_id, template),
  KEY outbox_due (destination, state, lane, not_before),
  KEY outbox_settled (settled_at)
) ENGINE=InnoDB COMMENT 'everything that leaves the corporation, written in the transaction that caused it';

INSERT INTO id_block (name, next_id) VALUES ('complaint', 1);
