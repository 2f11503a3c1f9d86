-- Level 2 is past its promise: nobody is left to escalate to, the controlling officer is told, once.
DELIMITER //

-- Inside the caller's transaction. done is FALSE when it was told before, or there is no such complaint. No event, no version: nothing
-- of the complaint has changed for anybody who works on it.
CREATE OR REPLACE PROCEDURE complaint_overdue(
  IN p_check BOOLEAN, IN p_id BIGINT UNSIGNED, IN p_at DATETIME(3), IN p_payload VARBINARY(8000))
MODIFIES SQL DATA
COMMENT 'tell that level 2 is overdue'
overdue: BEGIN
  DECLARE v_seq INT UNSIGNED;

  IF p_check THEN
    SELECT FALSE AS done;
    LEAVE overdue;
  END IF;
  UPDATE complaint SET overdue_told = TRUE WHERE id = p_id AND NOT overdue_told;
  IF ROW_COUNT() = 0 THEN
    SELECT FALSE AS done;
    LEAVE overdue;
  END IF;
  SELECT event_count INTO v_seq FROM complaint WHERE id = p_id;
  CALL event_notify(p_id, v_seq, p_at, 'overdue', p_payload);
  SELECT TRUE AS done;
END//
