-- Whose work a complaint is, as the inboxes need it; closed ones, which are most, stand outside of every inbox.

-- Stored, because keys are built on them: without, a page of an inbox would be sorted from all of a department's open ones, state by
-- state. Literals are compared with one column each, so that the expressions mean the same whatever character set alters this table.
ALTER TABLE complaint
  ADD COLUMN holder_office ENUM('LME','GRO','EO1','EO2') AS (
    CASE
      WHEN state IN ('ASSIGNED', 'IN_PROGRESS') THEN 'LME'
      WHEN state IN ('UNASSIGNED', 'REASSIGN_REQUESTED') THEN 'GRO'
      WHEN state = 'ESCALATED' THEN IF(level < 2, 'EO1', 'EO2')
      WHEN state <> 'AWAITING_CITIZEN' THEN NULL
      WHEN waiting_from IN ('ASSIGNED', 'IN_PROGRESS') THEN 'LME'
      WHEN waiting_from = 'ESCALATED' THEN IF(level < 2, 'EO1', 'EO2')
      ELSE 'GRO'
    END) STORED COMMENT 'who has to act; while it waits for the citizen: who had; NULL: closed',
  ADD COLUMN urgency TINYINT AS (
    IF(state IN ('UNASSIGNED', 'ASSIGNED', 'IN_PROGRESS', 'REASSIGN_REQUESTED', 'AWAITING_CITIZEN', 'ESCALATED'), 1 - priority, NULL))
    STORED COMMENT 'order of inboxes: 0 flagged, 1 the rest; NULL: closed',
  -- a page of an inbox is read from it in order, its counts from it alone
  ADD KEY complaint_queue (department_code, urgency, due_at, id, holder_office, borough_no, state, waiting_since),
  -- newest first, and that way round, because a condition is not told from a key that is read backwards
  ADD KEY complaint_register (department_code, lodged_at DESC, id DESC, state, ward_no, borough_no, level, channel),
  ADD KEY complaint_last_holder (last_holder_id, lodged_at DESC, id DESC, state, ward_no, borough_no, level, channel),
  DROP KEY complaint_department;
