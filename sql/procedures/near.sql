-- What was reported already: how far it is, and joining it ("me too").
DELIMITER //

-- Metres along the great circle from a complaint's point to another, NULL without one of them. The complaint's is taken to four
-- decimals (11 m): whoever asks from many points around it learns no more than that.
CREATE OR REPLACE FUNCTION near_m(p_lon DOUBLE, p_lat DOUBLE, p_to_lon DOUBLE, p_to_lat DOUBLE)
RETURNS DOUBLE DETERMINISTIC NO SQL
COMMENT 'distance that may be told'
RETURN ST_Distance_Sphere(POINT(ROUND(p_lon, 4), ROUND(p_lat, 4)), POINT(p_to_lon, p_to_lat))//

-- Whether a new complaint may join an open one. Inside the caller's transaction, which has locked the row p_parent (NULL: there is
-- none). o_refused: NULL, or not_found | own | closed (a duplicate is closed too) | mismatch (another subcategory, or neither near
-- nor in the same ward). o_office: who has the parent.
CREATE OR REPLACE PROCEDURE complaint_join(
  IN p_parent BIGINT UNSIGNED, IN p_citizen BIGINT UNSIGNED, IN p_subcategory VARCHAR(10), IN p_ward SMALLINT UNSIGNED,
  IN p_lon DOUBLE, IN p_lat DOUBLE, OUT o_office VARCHAR(20), OUT o_refused VARCHAR(20))
MODIFIES SQL DATA
COMMENT 'joins the parent of a me_too'
joining: BEGIN
  DECLARE v_citizen BIGINT UNSIGNED;
  DECLARE v_state, v_subcategory VARCHAR(20);
  DECLARE v_ward SMALLINT UNSIGNED;
  DECLARE v_lon, v_lat DOUBLE;
  DECLARE v_metres BIGINT;
  DECLARE v_count INT UNSIGNED;

  SELECT citizen_id, state, subcategory_code, ward_no, lon, lat, event_count
    INTO v_citizen, v_state, v_subcategory, v_ward, v_lon, v_lat, v_count
    FROM complaint WHERE id = p_parent FOR UPDATE;
  SELECT value INTO v_metres FROM setting WHERE name = 'similar_metres';
  SET o_refused = CASE
    WHEN v_state IS NULL THEN 'not_found'
    WHEN v_citizen = p_citizen THEN 'own'
    WHEN v_state NOT IN ('UNASSIGNED', 'ASSIGNED', 'IN_PROGRESS', 'REASSIGN_REQUESTED', 'AWAITING_CITIZEN', 'ESCALATED') THEN 'closed'
    WHEN v_subcategory <> p_subcategory THEN 'mismatch'
    WHEN v_ward <> p_ward AND IFNULL(near_m(v_lon, v_lat, p_lon, p_lat) > v_metres, TRUE) THEN 'mismatch'
    END;
  IF o_refused IS NOT NULL THEN
    LEAVE joining;
  END IF;
  SELECT office INTO o_office FROM complaint_event WHERE complaint_id = p_parent AND seq = v_count;
  UPDATE complaint SET joined = joined + 1 WHERE id = p_parent;
END//
