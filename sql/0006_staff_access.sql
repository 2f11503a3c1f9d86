-- Staff access: a second factor, where a session was opened and last used, who looks after an account without duties.

ALTER TABLE staff
  ADD COLUMN totp_sealed VARBINARY(128) NULL COMMENT 'secretbox of the secret of RFC 6238; NULL: no second factor' AFTER must_change,
  ADD COLUMN totp_since DATETIME(3) NULL COMMENT 'confirmed by a first code, UTC; NULL beside a secret: begun, not asked for yet' AFTER totp_sealed,
  ADD COLUMN totp_step BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'last step of 30 s whose code was taken: none is taken twice' AFTER totp_since,
  ADD COLUMN department_code VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'whose controlling officer looks after the account while the roster names no duty; NULL: administrators' AFTER active,
  ADD CONSTRAINT staff_department FOREIGN KEY (department_code) REFERENCES department (code);

ALTER TABLE session
  ADD COLUMN last_seen_at DATETIME(3) NULL COMMENT 'last use, written at most every five minutes, UTC' AFTER created_at,
  ADD COLUMN by_cookie BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'opened by a browser' AFTER last_seen_at,
  ADD COLUMN client VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'address it was opened from, its end masked' AFTER by_cookie;
