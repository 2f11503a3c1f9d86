-- A move of an existing complaint: compare-and-set on its version, event, messages. Rules stand in fcgi/domain/workflow.c.
DELIMITER //

-- Inside the caller's transaction. o_done is FALSE when somebody else moved it first (the version is not p_version any more).
CREATE OR REPLACE PROCEDURE complaint_move(
  IN p_check BOOLEAN, IN p_id BIGINT UNSIGNED, IN p_version INT UNSIGNED, IN p_at DATETIME(3), IN p_action VARCHAR(20),
  IN p_to VARCHAR(20), IN p_level TINYINT UNSIGNED, IN p_actor_kind VARCHAR(10), IN p_actor_id BIGINT UNSIGNED, IN p_office VARCHAR(20),
  IN p_note VARCHAR(4000) CHARACTER SET utf8mb4, IN p_internal BOOLEAN, IN p_detail VARCHAR(4000) CHARACTER SET utf8mb4,
  IN p_resolved_at DATETIME(3), IN p_escalate_at DATETIME(3), IN p_payload VARBINARY(8000))
MODIFIES SQL DATA
COMMENT 'one move of a complaint'
move: BEGIN
  DECLARE v_head BINARY(32);
  DECLARE v_count INT UNSIGNED;
  DECLARE v_from VARCHAR(20);
  DECLARE v_citizen, v_holder BIGINT UNSIGNED;
  DECLARE v_language VARCHAR(2);
  DECLARE v_department VARCHAR(8);
  DECLARE v_borough TINYINT UNSIGNED;

  IF p_check THEN
    SELECT FALSE AS done, NULL AS seq;
    LEAVE move;
  END IF;
  SELECT event_head, event_count, state, citizen_id, holder_id, language, department_code, borough_no
    INTO v_head, v_count, v_from, v_citizen, v_holder, v_language, v_department, v_borough
    FROM complaint WHERE id = p_id AND version = p_version FOR UPDATE;
  IF v_count IS NULL THEN
    SELECT FALSE AS done, NULL AS seq;
    LEAVE move;
  END IF;
  CALL event_append(v_head, p_id, v_count + 1, p_at, p_action, v_from, p_to, p_level, p_actor_kind, p_actor_id, p_office, p_note,
    p_internal, p_detail, v_head);
  UPDATE complaint SET version = version + 1, state = p_to, level = p_level, resolved_at = p_resolved_at, escalate_at = p_escalate_at,
      changed_at = p_at, event_count = v_count + 1, event_head = v_head
    WHERE id = p_id;
  CALL event_notify(p_id, v_count + 1, p_at, p_action, p_payload);
  SELECT TRUE AS done, v_count + 1 AS seq;
END//
