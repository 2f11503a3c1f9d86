-- A move of an existing complaint: compare-and-set on its version, event, messages. Rules stand in fcgi/domain/workflow.c and
-- transition.c; only who of the roster gets it is decided here.
DELIMITER //

-- Does the LME's duty cover this place and subject?
CREATE OR REPLACE FUNCTION lme_fits(p_staff BIGINT UNSIGNED, p_department VARCHAR(8), p_category VARCHAR(10),
  p_subcategory VARCHAR(10), p_ward SMALLINT UNSIGNED, p_borough TINYINT UNSIGNED)
RETURNS BOOLEAN READS SQL DATA
COMMENT 'is this LME on duty for it'
BEGIN
  DECLARE v_fits BOOLEAN;
  SELECT COUNT(*) > 0 INTO v_fits FROM roster r JOIN staff s ON s.id = r.staff_id AND s.active
    WHERE r.staff_id = p_staff AND r.department_code = p_department AND r.role = 'LME'
      AND (r.subcategory_code IS NULL OR r.subcategory_code = p_subcategory)
      AND (r.category_code IS NULL OR r.category_code = p_category)
      AND (r.ward_no IS NULL OR r.ward_no = p_ward)
      AND (r.borough_no IS NULL OR r.borough_no = p_borough);
  RETURN v_fits;
END//

-- Inside the caller's transaction. done is FALSE when somebody else moved it first (the version is not p_version any more).
-- p_route: '' p_state and p_holder stand; anew: the roster says who has it; unfit: the same when nobody has it or their duty does
-- not cover it. A routed complaint is ASSIGNED or UNASSIGNED. p_landmark NULL: as it was. p_event: the rules by which it is told, as a
-- rule the action.
CREATE OR REPLACE PROCEDURE complaint_move(
  IN p_check BOOLEAN, IN p_id BIGINT UNSIGNED, IN p_version INT UNSIGNED, IN p_at DATETIME(3), IN p_action VARCHAR(20),
  IN p_event VARCHAR(20), IN p_route VARCHAR(5), IN p_state VARCHAR(20), IN p_level TINYINT UNSIGNED, IN p_priority BOOLEAN,
  IN p_reopen_count TINYINT UNSIGNED, IN p_holder BIGINT UNSIGNED, IN p_last_holder BIGINT UNSIGNED, IN p_proposed BIGINT UNSIGNED,
  IN p_parent BIGINT UNSIGNED, IN p_waiting_from VARCHAR(20), IN p_waiting_since DATETIME(3), IN p_asked TINYINT UNSIGNED, IN p_asked_before TINYINT UNSIGNED,
  IN p_department VARCHAR(8), IN p_category VARCHAR(10), IN p_subcategory VARCHAR(10), IN p_ward SMALLINT UNSIGNED,
  IN p_borough TINYINT UNSIGNED, IN p_lon DOUBLE, IN p_lat DOUBLE, IN p_accuracy_m DOUBLE, IN p_landmark VARBINARY(1000),
  IN p_due_at DATETIME(3), IN p_escalate_at DATETIME(3), IN p_resolved_at DATETIME(3), IN p_closed_by_clock BOOLEAN,
  IN p_overdue_told BOOLEAN, IN p_actor_kind VARCHAR(10), IN p_actor_id BIGINT UNSIGNED, IN p_office VARCHAR(20),
  IN p_note VARCHAR(4000) CHARACTER SET utf8mb4, IN p_internal BOOLEAN, IN p_detail VARCHAR(4000) CHARACTER SET utf8mb4,
  IN p_payload VARBINARY(8000))
MODIFIES SQL DATA
COMMENT 'one move of a complaint'
move: BEGIN
  DECLARE v_head BINARY(32);
  DECLARE v_count INT UNSIGNED;
  DECLARE v_from VARCHAR(20);
  DECLARE v_state VARCHAR(20) DEFAULT p_state;
  DECLARE v_office VARCHAR(20) DEFAULT p_office;
  DECLARE v_holder BIGINT UNSIGNED DEFAULT p_holder;
  DECLARE v_before, v_proposed, v_parent BIGINT UNSIGNED;
  DECLARE v_asked, v_asked_before, v_left TINYINT UNSIGNED;
  DECLARE v_fits BOOLEAN DEFAULT FALSE;
  DECLARE v_detail VARCHAR(4000) CHARACTER SET utf8mb4 DEFAULT p_detail;

  IF p_check THEN
    SELECT FALSE AS done, NULL AS seq, NULL AS state;
    LEAVE move;
  END IF;
  SELECT event_head, event_count, state, holder_id, parent_id, reopens_left INTO v_head, v_count, v_from, v_before, v_parent, v_left
    FROM complaint WHERE id = p_id AND version = p_version FOR UPDATE;
  IF v_count IS NULL THEN
    SELECT FALSE AS done, NULL AS seq, NULL AS state;
    LEAVE move;
  END IF;
  SET v_proposed = p_proposed, v_asked = p_asked, v_asked_before = p_asked_before;
  IF p_route = 'unfit' AND v_before IS NOT NULL THEN
    SET v_fits = lme_fits(v_before, p_department, p_category, p_subcategory, p_ward, p_borough);
  END IF;
  IF p_route <> '' AND NOT v_fits THEN
    SET v_holder = route_lme(p_department, p_category, p_subcategory, p_ward, p_borough);
    SET v_state = IF(v_holder IS NULL, 'UNASSIGNED', 'ASSIGNED'), v_office = IF(v_holder IS NULL, 'GRO', 'LME');
    SET v_proposed = NULL, v_asked = 0, v_asked_before = 0;
    IF v_holder IS NOT NULL THEN
      SET v_detail = JSON_INSERT(IFNULL(p_detail, '{}'), '$.to', v_holder);
    END IF;
  END IF;
  IF v_parent IS NOT NULL AND NOT v_parent <=> p_parent THEN
    -- what the parent came to is behind it: its own resolution has links and a rating of its own
    SELECT v_left + reopen_count + (resolved_at IS NOT NULL) INTO v_left FROM complaint WHERE id = v_parent;
  END IF;
  IF p_parent IS NOT NULL AND NOT v_parent <=> p_parent THEN
    -- who moves the parent at the same time is to conflict, and look for its duplicates again
    UPDATE complaint SET joined = joined + 1 WHERE id = p_parent;
  END IF;
  CALL event_append(v_head, p_id, v_count + 1, p_at, p_action, v_from, v_state, p_level, p_actor_kind, p_actor_id, v_office, p_note,
    p_internal, v_detail, v_head);
  UPDATE complaint SET version = version + 1, state = v_state, level = p_level, priority = p_priority, reopen_count = p_reopen_count,
      holder_id = v_holder, last_holder_id = p_last_holder, proposed_id = v_proposed, parent_id = p_parent, reopens_left = v_left,
      waiting_from = p_waiting_from, waiting_since = p_waiting_since, asked = v_asked, asked_before = v_asked_before,
      department_code = p_department, category_code = p_category, subcategory_code = p_subcategory, ward_no = p_ward,
      borough_no = p_borough, lon = p_lon, lat = p_lat, accuracy_m = p_accuracy_m,
      landmark_sealed = IFNULL(p_landmark, landmark_sealed), due_at = p_due_at, escalate_at = p_escalate_at,
      resolved_at = p_resolved_at, closed_by_clock = p_closed_by_clock, overdue_told = p_overdue_told, changed_at = p_at,
      event_count = v_count + 1, event_head = v_head
    WHERE id = p_id;
  CALL event_notify(p_id, v_count + 1, p_at, p_event, p_payload);
  SELECT TRUE AS done, v_count + 1 AS seq, v_state AS state;
END//
