-- Accounts of the staff are in the record of changes too, by their user names.

ALTER TABLE admin_change
  MODIFY COLUMN subject VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'which one: its code, name or day; a user name; of a list its department or all';
