-- Lodging: one call, one transaction, one round trip.
DELIMITER //

-- Stores complaint, first event, outbox rows and the idempotency answer, and commits. The caller chose id, number and times.
-- p_scope is the SHA-256 of method, path and key: the principal is mixed in here, because the session is looked up here too.
-- p_attachments is NULL or up to five ids of 16 bytes, one behind the other: the citizen's own uploads of the last day.
-- With p_me_too it becomes a duplicate of the open complaint of that number: nobody's work, no clock.
-- outcome: done | replay (the stored answer) | key_reused | unauthenticated | forbidden | outside_kolkata | choose_ward |
-- attachment_N (the Nth id, from 0, is no such upload or bound already) | me_too_not_found, me_too_own, me_too_closed,
-- me_too_mismatch (see complaint_join).
-- The row is the same first and again, whatever has happened to the complaint since: the first event keeps the facts as they were.
CREATE OR REPLACE PROCEDURE complaint_lodge(
  IN p_check BOOLEAN, IN p_token BINARY(32), IN p_scope BINARY(32), IN p_body_hash BINARY(32),
  IN p_id BIGINT UNSIGNED, IN p_number CHAR(12), IN p_channel VARCHAR(20), IN p_department VARCHAR(8), IN p_category VARCHAR(10),
  IN p_subcategory VARCHAR(10), IN p_ward SMALLINT UNSIGNED, IN p_lon DOUBLE, IN p_lat DOUBLE, IN p_accuracy_m DOUBLE,
  IN p_landmark VARBINARY(1000), IN p_description VARCHAR(4000) CHARACTER SET utf8mb4, IN p_language VARCHAR(2),
  IN p_name VARBINARY(600), IN p_lodged_at DATETIME(3), IN p_due_at DATETIME(3), IN p_payload VARBINARY(8000),
  IN p_attachments VARBINARY(80), IN p_me_too CHAR(12) CHARACTER SET ascii COLLATE ascii_bin)
MODIFIES SQL DATA
COMMENT 'one complaint, durable'
lodge: BEGIN
  DECLARE v_citizen, v_staff, v_holder, v_parent BIGINT UNSIGNED;
  DECLARE v_scope, v_head BINARY(32);
  DECLARE v_located, v_ward SMALLINT;
  DECLARE v_borough TINYINT UNSIGNED;
  DECLARE v_state VARCHAR(20) DEFAULT 'UNASSIGNED';
  DECLARE v_office VARCHAR(20) DEFAULT 'GRO';
  DECLARE v_refused VARCHAR(20);
  DECLARE v_language VARCHAR(2);
  DECLARE v_bound TINYINT UNSIGNED DEFAULT 0;
  DECLARE v_detail VARCHAR(4000) CHARACTER SET utf8mb4;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

  IF p_check THEN
    SELECT 'check' AS outcome, NULL AS number, NULL AS state, NULL AS department_code, NULL AS category_code,
      NULL AS subcategory_code, NULL AS ward_no, NULL AS borough_no, NULL AS lodged_at, NULL AS due_at, NULL AS parent;
    LEAVE lodge;
  END IF;

  SELECT citizen_id, staff_id INTO v_citizen, v_staff FROM session
    WHERE token_hash = p_token AND revoked_at IS NULL AND expires_at > p_lodged_at;
  IF v_citizen IS NULL THEN
    SELECT IF(v_staff IS NULL, 'unauthenticated', 'forbidden') AS outcome, NULL AS number, NULL AS state, NULL AS department_code,
      NULL AS category_code, NULL AS subcategory_code, NULL AS ward_no, NULL AS borough_no, NULL AS lodged_at, NULL AS due_at,
      NULL AS parent;
    LEAVE lodge;
  END IF;
  SET v_scope = UNHEX(SHA2(CONCAT('citizen:', v_citizen, ':', p_scope), 256));
  IF p_me_too IS NOT NULL THEN
    SELECT id INTO v_parent FROM complaint WHERE number = p_me_too;
  END IF;

  START TRANSACTION;
  INSERT IGNORE INTO idempotency (scope, body_hash, http, answer, created_at) VALUES (v_scope, p_body_hash, 201, p_number, p_lodged_at);
  IF ROW_COUNT() = 0 THEN
    SELECT IF(i.body_hash = p_body_hash, 'replay', 'key_reused') AS outcome, c.number, e.to_state AS state,
        JSON_VALUE(e.detail, '$.department') AS department_code, JSON_VALUE(e.detail, '$.category') AS category_code,
        JSON_VALUE(e.detail, '$.subcategory') AS subcategory_code, JSON_VALUE(e.detail, '$.ward') AS ward_no,
        JSON_VALUE(e.detail, '$.borough') AS borough_no, e.at AS lodged_at,
        CAST(JSON_VALUE(e.detail, '$.due_at') AS DATETIME(3)) AS due_at, JSON_VALUE(e.detail, '$.parent') AS parent
      FROM idempotency i
      JOIN complaint c ON c.number = CAST(i.answer AS CHAR CHARACTER SET ascii)
      JOIN complaint_event e ON e.complaint_id = c.id AND e.seq = 1
      WHERE i.scope = v_scope;
    ROLLBACK;
    LEAVE lodge;
  END IF;

  IF v_parent IS NOT NULL THEN
    -- before the transaction reads anything: of many who join at once each then waits for the one before, and none is in conflict
    SELECT id INTO v_parent FROM complaint WHERE id = v_parent FOR UPDATE;
  END IF;
  IF p_lon IS NOT NULL THEN
    SET v_located = ward_at(p_lon, p_lat);
  END IF;
  SET v_ward = IFNULL(p_ward, v_located);
  IF (p_lon IS NOT NULL AND v_located IS NULL) OR v_ward = 0 THEN
    ROLLBACK;
    SELECT IF(v_located IS NULL, 'outside_kolkata', 'choose_ward') AS outcome, NULL AS number, NULL AS state, NULL AS department_code,
      NULL AS category_code, NULL AS subcategory_code, NULL AS ward_no, NULL AS borough_no, NULL AS lodged_at, NULL AS due_at,
      NULL AS parent;
    LEAVE lodge;
  END IF;
  SELECT borough_no INTO v_borough FROM ward WHERE ward_no = v_ward;
  SELECT IFNULL(p_language, language) INTO v_language FROM citizen WHERE id = v_citizen;
  IF p_name IS NOT NULL THEN
    UPDATE citizen SET name_sealed = p_name WHERE id = v_citizen;
  END IF;

  SET v_detail = JSON_OBJECT('department', p_department, 'category', p_category, 'subcategory', p_subcategory, 'ward', v_ward,
    'borough', v_borough, 'due_at', p_due_at);
  IF p_me_too IS NULL THEN
    SET v_holder = route_lme(p_department, p_category, p_subcategory, v_ward, v_borough);
    IF v_holder IS NOT NULL THEN
      SET v_state = 'ASSIGNED', v_office = 'LME', v_detail = JSON_INSERT(v_detail, '$.to', v_holder);
    END IF;
  ELSE
    CALL complaint_join(v_parent, v_citizen, p_subcategory, v_ward, p_lon, p_lat, v_office, v_refused);
    IF v_refused IS NOT NULL THEN
      ROLLBACK;
      SELECT CONCAT('me_too_', v_refused) AS outcome, NULL AS number, NULL AS state, NULL AS department_code, NULL AS category_code,
        NULL AS subcategory_code, NULL AS ward_no, NULL AS borough_no, NULL AS lodged_at, NULL AS due_at, NULL AS parent;
      LEAVE lodge;
    END IF;
    SET v_state = 'DUPLICATE', v_detail = JSON_INSERT(v_detail, '$.parent', p_me_too);
  END IF;
  IF p_attachments IS NOT NULL THEN
    SET v_detail = JSON_INSERT(v_detail, '$.attachments', JSON_COMPACT(CONCAT('[',
      TRIM(TRAILING ',' FROM REGEXP_REPLACE(LOWER(HEX(p_attachments)), '(.{32})', '"\\1",')), ']')));
  END IF;
  CALL event_append(REPEAT('\0', 32), p_id, 1, p_lodged_at, IF(p_me_too IS NULL, 'lodge', 'me_too'), NULL, v_state, 0, 'citizen',
    v_citizen, v_office, NULL, FALSE, v_detail, v_head);
  INSERT INTO complaint (id, number, state, channel, citizen_id, department_code, category_code, subcategory_code, ward_no, borough_no,
      lon, lat, accuracy_m, landmark_sealed, description, language, holder_id, parent_id, lodged_at, due_at, escalate_at, changed_at,
      event_count, event_head)
    VALUES (p_id, p_number, v_state, p_channel, v_citizen, p_department, p_category, p_subcategory, v_ward, v_borough,
      p_lon, p_lat, p_accuracy_m, p_landmark, p_description, v_language, v_holder, v_parent, p_lodged_at, p_due_at,
      IF(p_me_too IS NULL, p_due_at, NULL), p_lodged_at, 1, v_head);
  WHILE v_bound < LENGTH(p_attachments) DIV 16 DO
    UPDATE attachment SET complaint_id = p_id, event_seq = 1
      WHERE id = SUBSTR(p_attachments, v_bound * 16 + 1, 16) AND citizen_id = v_citizen AND complaint_id IS NULL
        AND created_at > p_lodged_at - INTERVAL 1 DAY;
    IF ROW_COUNT() = 0 THEN
      ROLLBACK;
      SELECT CONCAT('attachment_', v_bound) AS outcome, NULL AS number, NULL AS state, NULL AS department_code, NULL AS category_code,
        NULL AS subcategory_code, NULL AS ward_no, NULL AS borough_no, NULL AS lodged_at, NULL AS due_at, NULL AS parent;
      LEAVE lodge;
    END IF;
    SET v_bound = v_bound + 1;
  END WHILE;
  CALL event_notify(p_id, 1, p_lodged_at, IF(p_me_too IS NULL, 'lodge', 'me_too'), p_payload);
  COMMIT;

  SELECT 'done' AS outcome, p_number AS number, v_state AS state, p_department AS department_code, p_category AS category_code,
    p_subcategory AS subcategory_code, v_ward AS ward_no, v_borough AS borough_no, p_lodged_at AS lodged_at, p_due_at AS due_at,
    p_me_too AS parent;
END//
