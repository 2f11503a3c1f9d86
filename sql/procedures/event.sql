-- The timeline: one function hashes an event, one procedure appends it and what it tells.
DELIMITER //

-- SHA-256 over the hash before and the event's fields, one a line; long texts by their own hash. ekmc-ctl audit computes the same.
CREATE OR REPLACE FUNCTION event_hash(
  p_prev BINARY(32), p_complaint_id BIGINT UNSIGNED, p_seq INT UNSIGNED, p_at DATETIME(3), p_action VARCHAR(20),
  p_from VARCHAR(20), p_to VARCHAR(20), p_level TINYINT UNSIGNED, p_actor_kind VARCHAR(10), p_actor_id BIGINT UNSIGNED,
  p_office VARCHAR(20), p_note VARCHAR(4000) CHARACTER SET utf8mb4, p_internal BOOLEAN, p_detail VARCHAR(4000) CHARACTER SET utf8mb4)
RETURNS BINARY(32) DETERMINISTIC NO SQL
COMMENT 'hash chain of a timeline'
RETURN UNHEX(SHA2(CONCAT(p_prev, CONCAT_WS('\n', p_complaint_id, p_seq, DATE_FORMAT(p_at, '%Y-%m-%d %H:%i:%s.%f'), p_action,
  IFNULL(p_from, ''), p_to, p_level, p_actor_kind, IFNULL(p_actor_id, ''), p_office, IFNULL(SHA2(p_note, 256), ''), p_internal,
  IFNULL(SHA2(p_detail, 256), ''))), 256))//

-- Appends event p_seq to the timeline; the caller writes hash and length into the complaint. Inside the caller's transaction.
CREATE OR REPLACE PROCEDURE event_append(
  IN p_prev BINARY(32), IN p_complaint_id BIGINT UNSIGNED, IN p_seq INT UNSIGNED, IN p_at DATETIME(3), IN p_action VARCHAR(20),
  IN p_from VARCHAR(20), IN p_to VARCHAR(20), IN p_level TINYINT UNSIGNED, IN p_actor_kind VARCHAR(10), IN p_actor_id BIGINT UNSIGNED,
  IN p_office VARCHAR(20), IN p_note VARCHAR(4000) CHARACTER SET utf8mb4, IN p_internal BOOLEAN,
  IN p_detail VARCHAR(4000) CHARACTER SET utf8mb4, OUT o_hash BINARY(32))
MODIFIES SQL DATA
COMMENT 'one event of a timeline'
BEGIN
  SET o_hash = event_hash(p_prev, p_complaint_id, p_seq, p_at, p_action, p_from, p_to, p_level, p_actor_kind, p_actor_id, p_office,
    p_note, p_internal, p_detail);
  INSERT INTO complaint_event (complaint_id, seq, at, action, from_state, to_state, level, actor_kind, actor_id, office, note, internal,
      detail, hash)
    VALUES (p_complaint_id, p_seq, p_at, p_action, p_from, p_to, p_level, p_actor_kind, p_actor_id, p_office, p_note, p_internal,
      p_detail, o_hash);
END//

-- Outbox rows of an event by notification_rule, for the complaint as the event left it: the complainant, the LME, the department's
-- GROs, the EOs of the level. The rows of the event and of the complaint are written before.
CREATE OR REPLACE PROCEDURE event_notify(
  IN p_complaint_id BIGINT UNSIGNED, IN p_seq INT UNSIGNED, IN p_at DATETIME(3), IN p_action VARCHAR(20), IN p_payload VARBINARY(8000))
MODIFIES SQL DATA
COMMENT 'messages of one event'
BEGIN
  DECLARE v_citizen, v_holder, v_last BIGINT UNSIGNED;
  DECLARE v_language VARCHAR(2);
  DECLARE v_department VARCHAR(8);
  DECLARE v_to VARCHAR(20);
  DECLARE v_level, v_borough TINYINT UNSIGNED;

  SELECT citizen_id, language, holder_id, last_holder_id, department_code, state, level, borough_no
    INTO v_citizen, v_language, v_holder, v_last, v_department, v_to, v_level, v_borough
    FROM complaint WHERE id = p_complaint_id;
  INSERT INTO outbox (destination, complaint_id, event_seq, recipient, recipient_id, template, language, payload_sealed, not_before,
      created_at)
    SELECT r.destination, p_complaint_id, p_seq, 'citizen', v_citizen, r.template, v_language, p_payload, p_at, p_at
      FROM notification_rule r
      WHERE r.event = p_action AND r.to_state IN ('', v_to) AND r.audience = 'citizen' AND v_citizen IS NOT NULL
    UNION ALL
    SELECT r.destination, p_complaint_id, p_seq, 'staff', s.id, r.template, s.language, p_payload, p_at, p_at
      FROM notification_rule r JOIN staff s ON s.id = IF(r.audience = 'last_holder', v_last, v_holder)
      WHERE r.event = p_action AND r.to_state IN ('', v_to) AND r.audience IN ('lme', 'holder', 'last_holder') AND s.active
    UNION ALL
    SELECT DISTINCT r.destination, p_complaint_id, p_seq, 'staff', s.id, r.template, s.language, p_payload, p_at, p_at
      FROM notification_rule r
      JOIN roster d ON d.department_code = v_department
        AND ((r.audience = 'gro' AND d.role = 'GRO') OR (r.audience = 'eo' AND d.role = 'EO' AND d.eo_level = v_level))
        AND (d.borough_no IS NULL OR d.borough_no = v_borough)
      JOIN staff s ON s.id = d.staff_id AND s.active
      WHERE r.event = p_action AND r.to_state IN ('', v_to) AND r.audience IN ('gro', 'eo');
END//
