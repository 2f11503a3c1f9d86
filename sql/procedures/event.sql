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

-- Messages of event p_seq by notification_rule, for the complaint as the event left it. The rows of the event and of the complaint are
-- written before. p_action is the event's action; resolve_last and reject_last: that, and it cannot be re-opened again; or 'overdue',
-- which is none: the clock tells that a level 2 is overdue.
--
-- Reads with SELECT ... INTO and cursors, writes with VALUES: INSERT ... SELECT would lock rules, roster and staff until the complaint
-- commits, and wait for a roster import that is under way. The complainant and the LME, whom most events tell and nobody else, cost one
-- read and one write; a cursor costs as much as both. An employee without a mobile gets no message (ekmc-ctl outbox count says how many).
CREATE OR REPLACE PROCEDURE event_notify(
  IN p_complaint_id BIGINT UNSIGNED, IN p_seq INT UNSIGNED, IN p_at DATETIME(3), IN p_action VARCHAR(20), IN p_payload VARBINARY(8000))
MODIFIES SQL DATA
COMMENT 'messages of one event'
BEGIN
  DECLARE v_citizen, v_lme BIGINT UNSIGNED;
  DECLARE v_to_citizen, v_to_lme VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin;
  DECLARE v_citizen_language, v_lme_language VARCHAR(2);
  DECLARE v_others INT;

  -- at most one rule fits for each audience: a rule is for any state, or for each
  SELECT c.citizen_id, c.language, s.id, s.language, MAX(IF(r.audience = 'citizen' AND c.citizen_id IS NOT NULL, r.template, NULL)),
      MAX(IF(r.audience = 'lme' AND s.id IS NOT NULL, r.template, NULL)), SUM(r.audience NOT IN ('citizen', 'lme'))
    INTO v_citizen, v_citizen_language, v_lme, v_lme_language, v_to_citizen, v_to_lme, v_others
    FROM complaint c
    JOIN notification_rule r ON r.event = p_action AND r.to_state IN ('', c.state)
    LEFT JOIN staff s ON s.id = c.holder_id AND s.active AND s.mobile_sealed IS NOT NULL
    WHERE c.id = p_complaint_id;
  IF v_to_citizen IS NOT NULL AND v_to_lme IS NOT NULL THEN
    INSERT INTO outbox (destination, complaint_id, event_seq, recipient, recipient_id, template, language, payload_sealed, not_before,
        created_at)
      VALUES ('sms', p_complaint_id, p_seq, 'citizen', v_citizen, v_to_citizen, v_citizen_language, p_payload, p_at, p_at),
        ('sms', p_complaint_id, p_seq, 'staff', v_lme, v_to_lme, v_lme_language, p_payload, p_at, p_at);
  ELSEIF v_to_citizen IS NOT NULL THEN
    INSERT INTO outbox (destination, complaint_id, event_seq, recipient, recipient_id, template, language, payload_sealed, not_before,
        created_at)
      VALUES ('sms', p_complaint_id, p_seq, 'citizen', v_citizen, v_to_citizen, v_citizen_language, p_payload, p_at, p_at);
  ELSEIF v_to_lme IS NOT NULL THEN
    INSERT INTO outbox (destination, complaint_id, event_seq, recipient, recipient_id, template, language, payload_sealed, not_before,
        created_at)
      VALUES ('sms', p_complaint_id, p_seq, 'staff', v_lme, v_to_lme, v_lme_language, p_payload, p_at, p_at);
  END IF;
  IF v_others > 0 THEN
    CALL event_notify_officers(p_complaint_id, p_seq, p_at, p_action, p_payload, v_others, IF(v_to_lme IS NULL, 0, v_lme));
  END IF;
END//

-- The part of event_notify for everybody but the complainant and the LME: p_rules rules; p_told was told as the LME. One message for
-- one person: who is told by two rules hears the first.
CREATE OR REPLACE PROCEDURE event_notify_officers(
  IN p_complaint_id BIGINT UNSIGNED, IN p_seq INT UNSIGNED, IN p_at DATETIME(3), IN p_action VARCHAR(20), IN p_payload VARBINARY(8000),
  IN p_rules INT, IN p_told BIGINT UNSIGNED)
MODIFIES SQL DATA
COMMENT 'messages of one event by duty'
BEGIN
  DECLARE v_rule INT DEFAULT 0;
  DECLARE v_holder, v_last_holder, v_parent, v_staff BIGINT UNSIGNED;
  DECLARE v_department VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin;
  DECLARE v_state, v_held, v_audience VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin;
  DECLARE v_template VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin;
  DECLARE v_language VARCHAR(2);
  DECLARE v_level, v_borough TINYINT UNSIGNED;
  DECLARE v_told TEXT CHARACTER SET ascii DEFAULT p_told;

  SELECT holder_id, last_holder_id, parent_id, department_code, state, level, borough_no
    INTO v_holder, v_last_holder, v_parent, v_department, v_state, v_level, v_borough
    FROM complaint WHERE id = p_complaint_id;
  -- whose work a duplicate's complainant rates
  IF v_state = 'DUPLICATE' THEN
    SELECT last_holder_id INTO v_last_holder FROM complaint WHERE id = v_parent;
  END IF;
  WHILE v_rule < p_rules DO
    SELECT audience, template INTO v_audience, v_template
      FROM notification_rule WHERE event = p_action AND to_state IN ('', v_state) AND audience NOT IN ('citizen', 'lme')
      ORDER BY audience, destination LIMIT v_rule, 1;
    SET v_rule = v_rule + 1;
    -- who holds it; of what has ended: who held it before; of what waits for the citizen: who asked
    IF v_audience = 'holder' THEN
      SET v_held = v_state;
      IF v_held IN ('RESOLVED', 'REJECTED', 'CLOSED', 'WITHDRAWN', 'DUPLICATE') THEN
        SELECT from_state INTO v_held FROM complaint_event WHERE complaint_id = p_complaint_id AND seq = p_seq;
      END IF;
      IF v_held = 'AWAITING_CITIZEN' THEN
        SELECT from_state INTO v_held FROM complaint_event
          WHERE complaint_id = p_complaint_id AND seq <= p_seq AND action = 'ask_citizen' ORDER BY seq DESC LIMIT 1;
      END IF;
      SET v_audience = CASE v_held WHEN 'UNASSIGNED' THEN 'gro' WHEN 'REASSIGN_REQUESTED' THEN 'gro' WHEN 'ESCALATED' THEN 'eo'
        WHEN 'ASSIGNED' THEN 'lme' WHEN 'IN_PROGRESS' THEN 'lme' ELSE NULL END;
    END IF;
    CASE v_audience
    WHEN 'gro' THEN CALL event_notify_duty(p_complaint_id, p_seq, p_at, p_payload, v_template, v_department, v_borough, 'GRO', NULL, v_told);
    WHEN 'eo' THEN CALL event_notify_duty(p_complaint_id, p_seq, p_at, p_payload, v_template, v_department, v_borough, 'EO', v_level, v_told);
    WHEN 'controlling' THEN
      CALL event_notify_duty(p_complaint_id, p_seq, p_at, p_payload, v_template, v_department, v_borough, 'CONTROLLING', NULL, v_told);
    ELSE
      SET v_staff = IF(v_audience = 'lme', IFNULL(v_holder, v_last_holder), v_last_holder), v_language = NULL;
      SELECT language INTO v_language FROM staff
        WHERE id = v_staff AND v_audience IN ('lme', 'last_holder') AND active AND mobile_sealed IS NOT NULL;
      IF v_language IS NOT NULL AND NOT FIND_IN_SET(v_staff, v_told) THEN
        INSERT INTO outbox (destination, complaint_id, event_seq, recipient, recipient_id, template, language, payload_sealed, not_before,
            created_at)
          VALUES ('sms', p_complaint_id, p_seq, 'staff', v_staff, v_template, v_language, p_payload, p_at, p_at);
        SET v_told = CONCAT(v_told, ',', v_staff);
      END IF;
    END CASE;
  END WHILE;
END//

-- One message for each who has the duty there and is not in io_told, a list of staff.id. Nobody has it: the next level of escalation
-- officers, then the controlling officers (design, section 4, HOLDER). Who has no mobile has the duty all the same.
CREATE OR REPLACE PROCEDURE event_notify_duty(
  IN p_complaint_id BIGINT UNSIGNED, IN p_seq INT UNSIGNED, IN p_at DATETIME(3), IN p_payload VARBINARY(8000),
  IN p_template VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin, IN p_department VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin,
  IN p_borough TINYINT UNSIGNED, IN p_role VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin, IN p_eo_level TINYINT UNSIGNED,
  INOUT io_told TEXT CHARACTER SET ascii)
MODIFIES SQL DATA
COMMENT 'messages of one event to one duty'
BEGIN
  DECLARE v_role VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin DEFAULT p_role;
  DECLARE v_eo_level TINYINT UNSIGNED DEFAULT p_eo_level;
  DECLARE v_staff BIGINT UNSIGNED;
  DECLARE v_language VARCHAR(2);
  DECLARE v_has_mobile, v_end BOOLEAN;
  DECLARE v_anybody BOOLEAN DEFAULT FALSE;
  DECLARE v_duty CURSOR FOR
    SELECT s.id, s.language, s.mobile_sealed IS NOT NULL
      FROM roster d JOIN staff s ON s.id = d.staff_id AND s.active
      WHERE (d.department_code = p_department OR d.department_code IS NULL) AND d.role = v_role
        AND (v_eo_level IS NULL OR d.eo_level = v_eo_level) AND (d.borough_no IS NULL OR d.borough_no = p_borough);
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET v_end = TRUE;

  WHILE v_role IS NOT NULL DO
    SET v_end = FALSE;
    OPEN v_duty;
    FETCH v_duty INTO v_staff, v_language, v_has_mobile;
    WHILE NOT v_end DO
      SET v_anybody = TRUE;
      IF v_has_mobile AND NOT FIND_IN_SET(v_staff, io_told) THEN
        INSERT INTO outbox (destination, complaint_id, event_seq, recipient, recipient_id, template, language, payload_sealed, not_before,
            created_at)
          VALUES ('sms', p_complaint_id, p_seq, 'staff', v_staff, p_template, v_language, p_payload, p_at, p_at);
        SET io_told = CONCAT(io_told, ',', v_staff);
      END IF;
      FETCH v_duty INTO v_staff, v_language, v_has_mobile;
    END WHILE;
    CLOSE v_duty;
    CASE
    WHEN v_anybody OR v_role = 'CONTROLLING' THEN SET v_role = NULL;
    WHEN v_role = 'EO' AND v_eo_level < 2 THEN SET v_eo_level = v_eo_level + 1;
    ELSE SET v_role = 'CONTROLLING', v_eo_level = NULL;
    END CASE;
  END WHILE;
END//
