-- Where a point lies and whose work a place is.
--
-- Functions read with SELECT ... INTO only: InnoDB reads a DEFAULT (SELECT ...), RETURN (SELECT ...) or SET x = (SELECT ...) with
-- shared locks at REPEATABLE READ, and lodgings that lock what others are about to insert end in deadlocks.
DELIMITER //

-- The ward a point lies in; 0: in the gap of wards 142 to 144, whose outlines are not published; NULL: outside Kolkata.
-- Where polygons overlap in a sliver the lower number wins, so that the answer is always the same.
CREATE OR REPLACE FUNCTION ward_at(p_lon DOUBLE, p_lat DOUBLE)
RETURNS SMALLINT READS SQL DATA
COMMENT 'point to ward'
BEGIN
  DECLARE v_ward SMALLINT;
  SELECT MIN(ward_no) INTO v_ward FROM ward_outline WHERE ST_Contains(outline, POINT(p_lon, p_lat));
  IF v_ward IS NULL AND p_lon BETWEEN 88.28 AND 88.35 AND p_lat BETWEEN 22.43 AND 22.475 THEN
    RETURN 0;
  END IF;
  RETURN v_ward;
END//

-- The LME for a place: on duty for the subcategory or its category or for all, nearest area first (ward, borough, department);
-- of several the one with the fewest open. NULL: nobody.
CREATE OR REPLACE FUNCTION route_lme(p_department VARCHAR(8), p_category VARCHAR(10), p_subcategory VARCHAR(10),
  p_ward SMALLINT UNSIGNED, p_borough TINYINT UNSIGNED)
RETURNS BIGINT UNSIGNED READS SQL DATA
COMMENT 'roster to LME'
BEGIN
  DECLARE v_area TINYINT;
  DECLARE v_staff, v_other BIGINT UNSIGNED;
  SELECT IF(r.ward_no IS NOT NULL, 1, IF(r.borough_no IS NOT NULL, 2, 3)) AS area, MIN(r.staff_id), MAX(r.staff_id)
    INTO v_area, v_staff, v_other
    FROM roster r JOIN staff s ON s.id = r.staff_id AND s.active
    WHERE r.department_code = p_department AND r.role = 'LME'
      AND (r.subcategory_code IS NULL OR r.subcategory_code = p_subcategory)
      AND (r.category_code IS NULL OR r.category_code = p_category)
      AND (r.ward_no IS NULL OR r.ward_no = p_ward)
      AND (r.borough_no IS NULL OR r.borough_no = p_borough)
    GROUP BY area ORDER BY area LIMIT 1;
  IF v_staff IS NULL OR v_staff = v_other THEN
    RETURN v_staff;
  END IF;
  SELECT d.staff_id INTO v_staff FROM (
    SELECT DISTINCT r.staff_id
      FROM roster r JOIN staff s ON s.id = r.staff_id AND s.active
      WHERE r.department_code = p_department AND r.role = 'LME'
        AND (r.subcategory_code IS NULL OR r.subcategory_code = p_subcategory)
        AND (r.category_code IS NULL OR r.category_code = p_category)
        AND (r.ward_no IS NULL OR r.ward_no = p_ward)
        AND (r.borough_no IS NULL OR r.borough_no = p_borough)
        AND IF(r.ward_no IS NOT NULL, 1, IF(r.borough_no IS NOT NULL, 2, 3)) = v_area) d
    ORDER BY (SELECT COUNT(*) FROM complaint c WHERE c.holder_id = d.staff_id
        AND c.state IN ('ASSIGNED', 'IN_PROGRESS', 'REASSIGN_REQUESTED', 'AWAITING_CITIZEN')), d.staff_id
    LIMIT 1;
  RETURN v_staff;
END//
