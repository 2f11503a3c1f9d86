-- What there is: departments, categories, places, holidays, names shown to the public, SMS templates, settings.

CREATE TABLE directory_version (
  one TINYINT NOT NULL PRIMARY KEY DEFAULT 1 COMMENT 'always 1: the table has one row',
  version BIGINT UNSIGNED NOT NULL COMMENT 'grows with every change of a directory table; workers reload when they see it',
  changed_at DATETIME(3) NOT NULL COMMENT 'when it grew last, UTC',
  CONSTRAINT directory_version_one CHECK (one = 1)
) ENGINE=InnoDB COMMENT 'tells workers that their copy of the directory is old';

CREATE TABLE department (
  code VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'such as DRN',
  name_en VARCHAR(100) NOT NULL COMMENT 'name in English',
  name_bn VARCHAR(100) NOT NULL COMMENT 'name in Bengali',
  name_hi VARCHAR(100) NOT NULL COMMENT 'name in Hindi',
  sort SMALLINT UNSIGNED NOT NULL COMMENT 'order in lists',
  active BOOLEAN NOT NULL DEFAULT TRUE COMMENT 'false: no new complaints'
) ENGINE=InnoDB COMMENT 'departments of the corporation';

CREATE TABLE category (
  code VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'department and a letter: DRN-A',
  department_code VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'whose category it is',
  name_en VARCHAR(100) NOT NULL COMMENT 'name in English',
  name_bn VARCHAR(100) NOT NULL COMMENT 'name in Bengali',
  name_hi VARCHAR(100) NOT NULL COMMENT 'name in Hindi',
  sort SMALLINT UNSIGNED NOT NULL COMMENT 'order in lists',
  active BOOLEAN NOT NULL DEFAULT TRUE COMMENT 'false: no new complaints',
  CONSTRAINT category_department FOREIGN KEY (department_code) REFERENCES department (code)
) ENGINE=InnoDB COMMENT 'groups of subcategories of a department';

CREATE TABLE subcategory (
  code VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'department and two digits: DRN-01',
  category_code VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'its category',
  department_code VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'its category''s department, kept here for routing',
  name_en VARCHAR(100) NOT NULL COMMENT 'name in English',
  name_bn VARCHAR(100) NOT NULL COMMENT 'name in Bengali',
  name_hi VARCHAR(100) NOT NULL COMMENT 'name in Hindi',
  sla_hours SMALLINT UNSIGNED NOT NULL COMMENT 'promise in clock hours; over 24 h Sundays and holidays do not count',
  photo_on_resolve BOOLEAN NOT NULL COMMENT 'a resolution needs a photo',
  anonymous BOOLEAN NOT NULL COMMENT 'the desk may record it without a name and mobile',
  sort SMALLINT UNSIGNED NOT NULL COMMENT 'order in lists',
  active BOOLEAN NOT NULL DEFAULT TRUE COMMENT 'false: no new complaints',
  CONSTRAINT subcategory_category FOREIGN KEY (category_code) REFERENCES category (code),
  CONSTRAINT subcategory_department FOREIGN KEY (department_code) REFERENCES department (code)
) ENGINE=InnoDB COMMENT 'what a complaint can be about';

CREATE TABLE borough (
  borough_no TINYINT UNSIGNED NOT NULL PRIMARY KEY COMMENT '1 to 16',
  name_en VARCHAR(60) NOT NULL COMMENT 'name in English',
  name_bn VARCHAR(60) NOT NULL COMMENT 'name in Bengali',
  name_hi VARCHAR(60) NOT NULL COMMENT 'name in Hindi'
) ENGINE=InnoDB COMMENT 'the 16 boroughs';

CREATE TABLE ward (
  ward_no SMALLINT UNSIGNED NOT NULL PRIMARY KEY COMMENT '1 to 144',
  borough_no TINYINT UNSIGNED NOT NULL COMMENT 'the borough it lies in',
  CONSTRAINT ward_borough FOREIGN KEY (borough_no) REFERENCES borough (borough_no)
) ENGINE=InnoDB COMMENT 'the 144 wards';

CREATE TABLE ward_outline (
  ward_no SMALLINT UNSIGNED NOT NULL PRIMARY KEY COMMENT '142, 143 and 144 have no published outline',
  outline MULTIPOLYGON NOT NULL COMMENT 'x = longitude, y = latitude, WGS 84 degrees, SRID 0 (planar)',
  SPATIAL INDEX ward_outline_outline (outline),
  CONSTRAINT ward_outline_ward FOREIGN KEY (ward_no) REFERENCES ward (ward_no)
) ENGINE=InnoDB COMMENT 'ward polygons, DataMeet, CC BY-SA 2.5 IN';

CREATE TABLE holiday (
  day DATE NOT NULL PRIMARY KEY COMMENT 'a Kolkata calendar day',
  name_en VARCHAR(100) NOT NULL COMMENT 'name in English',
  name_bn VARCHAR(100) NOT NULL COMMENT 'name in Bengali',
  name_hi VARCHAR(100) NOT NULL COMMENT 'name in Hindi'
) ENGINE=InnoDB COMMENT 'days that long promises skip';

CREATE TABLE public_name (
  kind ENUM('state','office') NOT NULL COMMENT 'what is named',
  code VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'a state or an office of the timeline',
  name_en VARCHAR(100) NOT NULL COMMENT 'shown in English',
  name_bn VARCHAR(100) NOT NULL COMMENT 'shown in Bengali',
  name_hi VARCHAR(100) NOT NULL COMMENT 'shown in Hindi',
  PRIMARY KEY (kind, code)
) ENGINE=InnoDB COMMENT 'how states and offices are called on public pages';

CREATE TABLE sms_template (
  code VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'such as registered',
  language ENUM('en','bn','hi') NOT NULL COMMENT 'language of the text',
  audience ENUM('citizen','officer') NOT NULL COMMENT 'who reads it',
  text VARCHAR(1000) NOT NULL COMMENT 'with {placeholders}; must equal the text registered under dlt_id',
  dlt_id VARCHAR(30) CHARACTER SET ascii NOT NULL COMMENT 'DLT template id (TRAI)',
  PRIMARY KEY (code, language)
) ENGINE=InnoDB COMMENT 'texts of messages';

CREATE TABLE notification_rule (
  event VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the action on the timeline',
  to_state VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'only when it led to this state; empty: any',
  audience ENUM('citizen','lme','gro','eo') NOT NULL COMMENT 'who is told',
  destination ENUM('sms','whatsapp','cmro') NOT NULL COMMENT 'by which way',
  template VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'sms_template.code',
  PRIMARY KEY (event, to_state, audience, destination)
) ENGINE=InnoDB COMMENT 'which event tells whom';

INSERT INTO directory_version (version, changed_at) VALUES (1, UTC_TIMESTAMP(3));

INSERT INTO notification_rule (event, to_state, audience, destination, template) VALUES
  ('lodge', '', 'citizen', 'sms', 'registered'),
  ('lodge', 'ASSIGNED', 'lme', 'sms', 'lme_assigned'),
  ('lodge', 'UNASSIGNED', 'gro', 'sms', 'gro_unassigned'),
  ('withdraw', '', 'lme', 'sms', 'holder_withdrawn');
