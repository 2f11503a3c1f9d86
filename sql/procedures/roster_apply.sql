-- The outcome of a roster import, worked out in fcgi/domain/roster_plan.c: who is new, changed, left, and the duties of all of them.
DELIMITER //

-- Inside the caller's transaction. done is FALSE, and nothing changed, when the directory is not the one (p_version) that the plan was
-- made from. Lists are JSON arrays, because 5,000 rows one by one are 5,000 round trips:
--  p_new {user, en, bn, mobile, department}, p_people {id, en, bn, mobile, back}, p_drop ids of roster, p_left {id, department},
--  p_add {user, role, department, level, category, subcategory, borough, ward}. A mobile is sealed, in hex; absent is none.
-- The department of who is new and of who left is the one that looks after the account while there is no duty.
CREATE OR REPLACE PROCEDURE roster_apply(
  IN p_check BOOLEAN, IN p_version BIGINT UNSIGNED, IN p_at DATETIME(3),
  IN p_new LONGTEXT CHARACTER SET utf8mb4, IN p_people LONGTEXT CHARACTER SET utf8mb4, IN p_drop LONGTEXT CHARACTER SET utf8mb4,
  IN p_left LONGTEXT CHARACTER SET utf8mb4, IN p_add LONGTEXT CHARACTER SET utf8mb4)
MODIFIES SQL DATA
COMMENT 'people and duties of a list'
apply: BEGIN
  IF p_check THEN
    SELECT FALSE AS done;
    LEAVE apply;
  END IF;
  UPDATE directory_version SET version = version + 1, changed_at = p_at WHERE one = 1 AND version = p_version;
  IF ROW_COUNT() = 0 THEN
    SELECT FALSE AS done;
    LEAVE apply;
  END IF;
  INSERT INTO staff (user_name, name_en, name_bn, mobile_sealed, department_code)
    SELECT j.user_name, j.name_en, j.name_bn, UNHEX(j.mobile), j.department
      FROM JSON_TABLE(p_new, '$[*]' COLUMNS (user_name VARCHAR(60) PATH '$.user', name_en VARCHAR(100) PATH '$.en',
        name_bn VARCHAR(100) PATH '$.bn', mobile VARCHAR(256) PATH '$.mobile', department VARCHAR(8) PATH '$.department')) j;
  UPDATE JSON_TABLE(p_people, '$[*]' COLUMNS (id BIGINT PATH '$.id', name_en VARCHAR(100) PATH '$.en',
        name_bn VARCHAR(100) PATH '$.bn', mobile VARCHAR(256) PATH '$.mobile', back BOOLEAN PATH '$.back')) j
      STRAIGHT_JOIN staff s ON s.id = j.id
    SET s.name_en = j.name_en, s.name_bn = j.name_bn, s.mobile_sealed = UNHEX(j.mobile), s.active = s.active OR j.back;
  DELETE r FROM JSON_TABLE(p_drop, '$[*]' COLUMNS (id BIGINT PATH '$')) j STRAIGHT_JOIN roster r ON r.id = j.id;
  INSERT INTO roster (staff_id, role, department_code, eo_level, category_code, subcategory_code, borough_no, ward_no)
    SELECT s.id, j.role, j.department, j.level, j.category, j.subcategory, j.borough, j.ward
      FROM JSON_TABLE(p_add, '$[*]' COLUMNS (user_name VARCHAR(60) CHARACTER SET ascii PATH '$.user', role VARCHAR(20) PATH '$.role',
        department VARCHAR(8) PATH '$.department', level TINYINT PATH '$.level', category VARCHAR(10) PATH '$.category',
        subcategory VARCHAR(10) PATH '$.subcategory', borough TINYINT PATH '$.borough', ward SMALLINT PATH '$.ward')) j
      STRAIGHT_JOIN staff s ON s.user_name = j.user_name;
  UPDATE JSON_TABLE(p_left, '$[*]' COLUMNS (id BIGINT PATH '$.id', department VARCHAR(8) PATH '$.department')) j
      STRAIGHT_JOIN staff s ON s.id = j.id
    SET s.active = FALSE, s.department_code = j.department;
  UPDATE JSON_TABLE(p_left, '$[*]' COLUMNS (id BIGINT PATH '$.id')) j STRAIGHT_JOIN session s ON s.staff_id = j.id AND s.revoked_at IS NULL
    SET s.revoked_at = p_at;
  SELECT TRUE AS done;
END//
