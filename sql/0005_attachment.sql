-- Photos and documents: what was uploaded, by whom, and which event it belongs to. The bytes are files, named by their SHA-256.

CREATE TABLE attachment (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'random; what the API calls it',
  citizen_id BIGINT UNSIGNED NULL COMMENT 'who uploaded it, if a citizen',
  staff_id BIGINT UNSIGNED NULL COMMENT 'who uploaded it, if an employee',
  complaint_id BIGINT UNSIGNED NULL COMMENT 'what it is about; NULL: not bound yet, purged after a day',
  event_seq INT UNSIGNED NULL COMMENT 'the event it came with',
  internal BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'never reaches a citizen, the public or CMRO',
  sha256 BINARY(32) NOT NULL COMMENT 'of the stored bytes: the name of the file; the same bytes are stored once',
  kind ENUM('jpeg','png','pdf') NOT NULL COMMENT 'of the stored bytes',
  bytes INT UNSIGNED NOT NULL COMMENT 'length of the stored file',
  width SMALLINT UNSIGNED NULL COMMENT 'pixels as shown; NULL: no picture',
  height SMALLINT UNSIGNED NULL COMMENT 'pixels as shown; NULL: no picture',
  thumbnail BOOLEAN NOT NULL COMMENT 'a small picture is stored beside it',
  created_at DATETIME(3) NOT NULL COMMENT 'uploaded, UTC',
  KEY attachment_complaint (complaint_id, created_at),
  KEY attachment_sha256 (sha256),
  KEY attachment_citizen (citizen_id, complaint_id),
  KEY attachment_staff (staff_id, complaint_id),
  CONSTRAINT attachment_citizen FOREIGN KEY (citizen_id) REFERENCES citizen (id),
  CONSTRAINT attachment_staff FOREIGN KEY (staff_id) REFERENCES staff (id),
  CONSTRAINT attachment_complaint FOREIGN KEY (complaint_id) REFERENCES complaint (id),
  CONSTRAINT attachment_one CHECK ((citizen_id IS NULL) <> (staff_id IS NULL)),
  CONSTRAINT attachment_bound CHECK ((complaint_id IS NULL) = (event_seq IS NULL))
) ENGINE=InnoDB COMMENT 'uploads; an unbound one is found by attachment_complaint (NULL, age)';
