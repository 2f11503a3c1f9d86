-- What is append-only stays so for everybody, the schema's owner too, unless the trigger is dropped first. A guard against accidents:
-- what somebody with the owner's rights does on purpose is found by `ekmc-ctl audit verify`.

CREATE OR REPLACE TRIGGER complaint_event_kept BEFORE UPDATE ON complaint_event FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'complaint_event is append-only';
CREATE OR REPLACE TRIGGER complaint_event_there BEFORE DELETE ON complaint_event FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'complaint_event is append-only';

CREATE OR REPLACE TRIGGER audit_day_kept BEFORE UPDATE ON audit_day FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit_day is append-only';
CREATE OR REPLACE TRIGGER audit_day_there BEFORE DELETE ON audit_day FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit_day is append-only';

CREATE OR REPLACE TRIGGER audit_head_kept BEFORE UPDATE ON audit_head FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit_head is append-only';
CREATE OR REPLACE TRIGGER audit_head_there BEFORE DELETE ON audit_head FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit_head is append-only';

-- The purge may remove what is older than a year.
CREATE OR REPLACE TRIGGER access_log_kept BEFORE UPDATE ON access_log FOR EACH ROW
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'access_log is append-only';
DELIMITER //
CREATE OR REPLACE TRIGGER access_log_there BEFORE DELETE ON access_log FOR EACH ROW
BEGIN
  IF OLD.at > UTC_TIMESTAMP(3) - INTERVAL 365 DAY THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'access_log is kept for a year';
  END IF;
END//
