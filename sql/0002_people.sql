-- Who there is: citizens, staff and their duties, sessions, one-time passwords.

CREATE TABLE citizen (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'surrogate',
  mobile_index BINARY(32) NOT NULL COMMENT 'HMAC of the ten digits: finds a mobile without storing it readably',
  mobile_sealed VARBINARY(128) NOT NULL COMMENT 'secretbox of the ten digits',
  name_sealed VARBINARY(600) NULL COMMENT 'secretbox of the name',
  email_sealed VARBINARY(600) NULL COMMENT 'secretbox of the mail address',
  language ENUM('en','bn','hi') NOT NULL DEFAULT 'bn' COMMENT 'of messages',
  created_at DATETIME(3) NOT NULL COMMENT 'first seen, UTC',
  UNIQUE KEY citizen_mobile (mobile_index)
) ENGINE=InnoDB COMMENT 'complainants, one per mobile number';

CREATE TABLE staff (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'surrogate',
  user_name VARCHAR(60) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL COMMENT 'login name',
  password_hash VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'argon2id; NULL: cannot log in',
  must_change BOOLEAN NOT NULL DEFAULT TRUE COMMENT 'a first password is to be changed',
  failed_logins SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'in a row',
  locked_until DATETIME(3) NULL COMMENT 'no login before, UTC',
  name_en VARCHAR(100) NOT NULL COMMENT 'name in Latin script',
  name_bn VARCHAR(100) NOT NULL COMMENT 'name in Bengali script',
  mobile_sealed VARBINARY(128) NULL COMMENT 'secretbox of the ten digits',
  language ENUM('en','bn','hi') NOT NULL DEFAULT 'bn' COMMENT 'of messages',
  active BOOLEAN NOT NULL DEFAULT TRUE COMMENT 'false: has left',
  UNIQUE KEY staff_user_name (user_name)
) ENGINE=InnoDB COMMENT 'employees';

CREATE TABLE roster (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'surrogate',
  staff_id BIGINT UNSIGNED NOT NULL COMMENT 'whose duty',
  role ENUM('LME','GRO','EO','DESK','CONTROLLING','COMMISSIONER','MAYOR','ADMIN') NOT NULL COMMENT 'the duty',
  department_code VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'NULL: the whole corporation',
  eo_level TINYINT UNSIGNED NULL COMMENT '1 or 2 of an escalation officer',
  category_code VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'NULL: all',
  subcategory_code VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'NULL: all',
  borough_no TINYINT UNSIGNED NULL COMMENT 'NULL: all',
  ward_no SMALLINT UNSIGNED NULL COMMENT 'NULL: all',
  KEY roster_staff (staff_id),
  KEY roster_duty (department_code, role),
  CONSTRAINT roster_staff FOREIGN KEY (staff_id) REFERENCES staff (id),
  CONSTRAINT roster_department FOREIGN KEY (department_code) REFERENCES department (code)
) ENGINE=InnoDB COMMENT 'who does what where; one row per duty and area';

CREATE TABLE session (
  token_hash BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256 of the token; the token itself is nowhere',
  citizen_id BIGINT UNSIGNED NULL COMMENT 'whose, if a citizen''s',
  staff_id BIGINT UNSIGNED NULL COMMENT 'whose, if an employee''s',
  created_at DATETIME(3) NOT NULL COMMENT 'UTC',
  expires_at DATETIME(3) NOT NULL COMMENT 'UTC',
  revoked_at DATETIME(3) NULL COMMENT 'ended before its time',
  KEY session_citizen (citizen_id, created_at),
  KEY session_staff (staff_id, created_at),
  KEY session_expires (expires_at),
  CONSTRAINT session_citizen FOREIGN KEY (citizen_id) REFERENCES citizen (id),
  CONSTRAINT session_staff FOREIGN KEY (staff_id) REFERENCES staff (id),
  CONSTRAINT session_one CHECK ((citizen_id IS NULL) <> (staff_id IS NULL))
) ENGINE=InnoDB COMMENT 'logged-in citizens and staff';

CREATE TABLE otp (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'random; the request the code is bound to',
  mobile_index BINARY(32) NOT NULL COMMENT 'HMAC of the mobile',
  mobile_sealed VARBINARY(128) NOT NULL COMMENT 'secretbox of the mobile',
  address_index BINARY(32) NOT NULL COMMENT 'HMAC of the client address',
  code_tag BINARY(32) NOT NULL COMMENT 'HMAC of id and code',
  language ENUM('en','bn','hi') NOT NULL COMMENT 'asked for',
  tries TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'codes tried',
  created_at DATETIME(3) NOT NULL COMMENT 'UTC',
  expires_at DATETIME(3) NOT NULL COMMENT 'UTC',
  used_at DATETIME(3) NULL COMMENT 'one use',
  KEY otp_mobile (mobile_index, created_at),
  KEY otp_address (address_index, created_at),
  KEY otp_created (created_at)
) ENGINE=InnoDB COMMENT 'one-time passwords sent';

CREATE TABLE otp_gate (
  subject BINARY(32) NOT NULL PRIMARY KEY COMMENT 'mobile_index or address_index',
  touched_at DATETIME(3) NOT NULL COMMENT 'last request, UTC'
) ENGINE=InnoDB COMMENT 'the row that requests of one mobile or address queue on, so that limits are exact';

CREATE TABLE otp_day (
  day DATE NOT NULL COMMENT 'Kolkata calendar day',
  shard TINYINT UNSIGNED NOT NULL COMMENT '0 to 15, at random: spreads the counter',
  sent INT UNSIGNED NOT NULL COMMENT 'codes of the day in this shard',
  PRIMARY KEY (day, shard)
) ENGINE=InnoDB COMMENT 'daily total of codes, for the limit and the alarm';
