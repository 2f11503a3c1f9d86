-- The whole life of a grievance: waiting, levels, ratings, links of messages, settings, who hears what.

ALTER TABLE complaint
  ADD COLUMN waiting_from VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'state before AWAITING_CITIZEN, to go back to' AFTER parent_id,
  ADD COLUMN waiting_since DATETIME(3) NULL COMMENT 'since when the clocks stand, UTC' AFTER waiting_from,
  ADD COLUMN asked TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'questions of the present holder, at most two' AFTER waiting_since,
  ADD COLUMN asked_before TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'questions of the LME who asks to be relieved' AFTER asked,
  ADD COLUMN last_holder_id BIGINT UNSIGNED NULL COMMENT 'the employee who resolved or rejected it, hears the rating' AFTER holder_id,
  ADD COLUMN proposed_id BIGINT UNSIGNED NULL COMMENT 'the colleague whom the LME proposes in a reassignment request' AFTER last_holder_id,
  ADD COLUMN closed_by_clock BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'closed unrated when the window ended' AFTER resolved_at,
  ADD COLUMN priority BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'flagged by commissioner or mayor''s office, shown first' AFTER level,
  ADD COLUMN overdue_told BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the controlling officer was told that level 2 is overdue' AFTER escalate_at;

CREATE TABLE rating (
  complaint_id BIGINT UNSIGNED NOT NULL COMMENT 'what was rated',
  reopen_count TINYINT UNSIGNED NOT NULL COMMENT 'which resolution: times re-opened before it; of a duplicate its parent''s are added',
  stars TINYINT UNSIGNED NOT NULL COMMENT '1 to 5',
  reasons VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'codes by comma',
  comment VARCHAR(1000) NULL COMMENT 'the citizen''s words',
  rated_at DATETIME(3) NOT NULL COMMENT 'UTC',
  holder_id BIGINT UNSIGNED NULL COMMENT 'whose work it was',
  department_code VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'whose work it was',
  PRIMARY KEY (complaint_id, reopen_count),
  KEY rating_department (department_code, rated_at),
  CONSTRAINT rating_complaint FOREIGN KEY (complaint_id) REFERENCES complaint (id),
  CONSTRAINT rating_stars CHECK (stars BETWEEN 1 AND 5)
) ENGINE=InnoDB COMMENT 'one rating per resolution, never changed';

CREATE TABLE link (
  token_hash BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256 of the 28 characters behind /r#: number and secret',
  complaint_id BIGINT UNSIGNED NOT NULL COMMENT 'good for this complaint',
  reopen_count TINYINT UNSIGNED NOT NULL COMMENT 'and this resolution; of a duplicate its parent''s are added',
  tries TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'wrong secrets, at most ten',
  expires_at DATETIME(3) NOT NULL COMMENT 'end of the window, UTC',
  KEY link_complaint (complaint_id, expires_at),
  KEY link_expires (expires_at)
) ENGINE=InnoDB COMMENT 'links of messages: rate, re-open and reply without a login';

CREATE TABLE setting (
  name VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'what is set',
  value BIGINT NOT NULL COMMENT 'in the unit of the name',
  least BIGINT NOT NULL COMMENT 'smallest value that makes sense',
  most BIGINT NOT NULL COMMENT 'largest',
  changed_at DATETIME(3) NOT NULL COMMENT 'UTC',
  changed_by BIGINT UNSIGNED NULL COMMENT 'staff.id'
) ENGINE=InnoDB COMMENT 'rules that an administrator may change; a change makes directory_version grow';

INSERT INTO setting (name, value, least, most, changed_at) VALUES
  ('reopen_window_days', 10, 1, 90, UTC_TIMESTAMP(3)),
  ('rate_after_close_days', 30, 0, 365, UTC_TIMESTAMP(3)),
  ('wait_citizen_days', 3, 1, 30, UTC_TIMESTAMP(3)),
  ('similar_metres', 250, 10, 5000, UTC_TIMESTAMP(3));

ALTER TABLE notification_rule
  MODIFY COLUMN audience ENUM('citizen','lme','gro','eo','holder','last_holder','controlling') NOT NULL COMMENT 'who is told; holder: whoever has it after the event, or had it before one that ended it';

DELETE FROM notification_rule;
INSERT INTO notification_rule (event, to_state, audience, destination, template) VALUES
  ('lodge', '', 'citizen', 'sms', 'registered'),
  ('lodge', 'ASSIGNED', 'lme', 'sms', 'lme_assigned'),
  ('lodge', 'UNASSIGNED', 'gro', 'sms', 'gro_unassigned'),
  ('me_too', '', 'citizen', 'sms', 'me_too'),
  ('assign', '', 'citizen', 'sms', 'assigned'),
  ('assign', '', 'lme', 'sms', 'lme_assigned'),
  ('request_reassign', '', 'citizen', 'sms', 'reassigned'),
  ('request_reassign', '', 'gro', 'sms', 'gro_reassign_request'),
  ('refuse', '', 'lme', 'sms', 'lme_refused'),
  ('transfer', '', 'citizen', 'sms', 'transferred'),
  ('transfer', 'ASSIGNED', 'lme', 'sms', 'lme_assigned'),
  ('transfer', 'UNASSIGNED', 'gro', 'sms', 'gro_unassigned'),
  ('transfer', 'ESCALATED', 'eo', 'sms', 'eo_escalated'),
  ('correct', 'ASSIGNED', 'lme', 'sms', 'lme_corrected'),
  ('correct', 'IN_PROGRESS', 'lme', 'sms', 'lme_corrected'),
  ('correct', 'UNASSIGNED', 'gro', 'sms', 'gro_unassigned'),
  ('vacate', 'ASSIGNED', 'lme', 'sms', 'lme_assigned'),
  ('vacate', 'ASSIGNED', 'gro', 'sms', 'gro_vacated'),
  ('vacate', 'UNASSIGNED', 'gro', 'sms', 'gro_vacant'),
  ('resolve', '', 'citizen', 'sms', 'resolved'),
  ('ask_citizen', '', 'citizen', 'sms', 'question'),
  ('reply', '', 'holder', 'sms', 'holder_reply'),
  ('resume', '', 'citizen', 'sms', 'resumed'),
  ('reject', '', 'citizen', 'sms', 'rejected'),
  ('reopen', '', 'citizen', 'sms', 'reopened'),
  ('reopen', '', 'eo', 'sms', 'eo_reopened'),
  ('escalate', '', 'citizen', 'sms', 'escalated'),
  ('escalate', '', 'eo', 'sms', 'eo_escalated'),
  ('direct', '', 'citizen', 'sms', 'directed'),
  ('direct', '', 'lme', 'sms', 'lme_directed'),
  ('rate', '', 'last_holder', 'sms', 'holder_rated'),
  ('withdraw', '', 'holder', 'sms', 'holder_withdrawn'),
  ('merge', '', 'citizen', 'sms', 'merged'),
  ('unmerge', '', 'citizen', 'sms', 'unmerged'),
  ('unmerge', 'ASSIGNED', 'lme', 'sms', 'lme_assigned'),
  ('unmerge', 'UNASSIGNED', 'gro', 'sms', 'gro_unassigned'),
  ('overdue', '', 'controlling', 'sms', 'co_overdue');
