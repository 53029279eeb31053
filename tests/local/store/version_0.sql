BEGIN TRANSACTION;
CREATE TABLE agents (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT NOT NULL,
    active_version_id TEXT NOT NULL, created_at TEXT NOT NULL,
    org_id TEXT NOT NULL DEFAULT 'org_local', deleted_at TEXT);
INSERT INTO "agents" VALUES(1,'agt_afe0e21e1f80eeb2','echo','ver_83a50becb7553ee9','2026-11-25T01:09:10.645Z','org_local',NULL);
INSERT INTO "agents" VALUES(2,'agt_cde17471428a2b1e','calculator','ver_4136303696969ba2','2026-11-25T01:09:10.645Z','org_local',NULL);
INSERT INTO "agents" VALUES(3,'agt_6776690fff0c85b9','librarian','ver_a8196224fe5cf2df','2026-11-25T01:09:10.645Z','org_local',NULL);
INSERT INTO "agents" VALUES(4,'agt_23474b15fae8387c','tour','ver_7a6f5b89bfee8568','2026-11-25T01:09:10.645Z','org_local',NULL);
CREATE TABLE api_keys (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, org_id TEXT NOT NULL,
    label TEXT NOT NULL, key_type TEXT NOT NULL, digest TEXT UNIQUE NOT NULL,
    created_at TEXT NOT NULL);
CREATE TABLE batch_items (
    batch_id TEXT NOT NULL, position INTEGER NOT NULL, agent_id TEXT NOT NULL, version_id TEXT,
    llm_id TEXT, metadata TEXT NOT NULL, session_id TEXT, message_id TEXT, error TEXT,
    PRIMARY KEY (batch_id, position)) WITHOUT ROWID;
CREATE TABLE batches (
    id TEXT PRIMARY KEY, org_id TEXT NOT NULL, key TEXT, created_at TEXT NOT NULL,
    UNIQUE (org_id, key)) WITHOUT ROWID;
CREATE TABLE costs (
    ordinal INTEGER PRIMARY KEY, session_id TEXT NOT NULL, cost_usd TEXT, seen_from REAL NOT NULL);
CREATE TABLE deliveries (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, agent_id TEXT NOT NULL,
    body TEXT NOT NULL, session_id TEXT, message_id TEXT, event_id TEXT,
    attempts INTEGER NOT NULL, due REAL NOT NULL);
CREATE TABLE events (
    session_id TEXT NOT NULL, sequence_number INTEGER NOT NULL, message_id TEXT,
    type TEXT NOT NULL, source TEXT NOT NULL, actor TEXT NOT NULL, data TEXT NOT NULL,
    created_at TEXT NOT NULL, PRIMARY KEY (session_id, sequence_number)) WITHOUT ROWID;
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',1,'msg_721571b71e522948','user.message','user','{"type":"user","id":"org_local"}','{"content":[{"type":"text","text":"alpha?"},{"type":"file","file_id":"file_60e6c2c5520a12b6","filename":"notes.txt"}],"metadata":null,"message_id":"msg_721571b71e522948"}','2026-11-25T01:09:10.678Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',2,NULL,'session.status_changed','platform','{"type":"platform","id":"local"}','{"status":"running","previous_status":"idle"}','2026-11-25T01:09:10.678Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',3,'msg_721571b71e522948','message.status_changed','platform','{"type":"platform","id":"local"}','{"status":"running","previous_status":"queued"}','2026-11-25T01:09:10.679Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',4,'msg_721571b71e522948','tool.call_requested','runtime','{"type":"runtime","id":"local"}','{"tool_call_id":"call_3fa5e9bb9b8b576d","tool_name":"list_files","arguments":{},"message_id":"msg_721571b71e522948"}','2026-11-25T01:09:10.682Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',5,'msg_721571b71e522948','tool.call_completed','platform','{"type":"platform","id":"local"}','{"tool_call_id":"call_3fa5e9bb9b8b576d","tool_name":"list_files","result":[{"name":"notes.txt","size_bytes":6,"lines":1}],"is_error":false}','2026-11-25T01:09:10.683Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',6,'msg_721571b71e522948','tool.call_requested','runtime','{"type":"runtime","id":"local"}','{"tool_call_id":"call_742a04b10cd387b8","tool_name":"search","arguments":{"words":["alpha"]},"message_id":"msg_721571b71e522948"}','2026-11-25T01:09:10.683Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',7,'msg_721571b71e522948','tool.call_completed','platform','{"type":"platform","id":"local"}','{"tool_call_id":"call_742a04b10cd387b8","tool_name":"search","result":[{"file":"notes.txt","line":1,"text":"alpha","words":1}],"is_error":false}','2026-11-25T01:09:10.683Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',8,'msg_721571b71e522948','tool.call_requested','runtime','{"type":"runtime","id":"local"}','{"tool_call_id":"call_de57c434a3074696","tool_name":"read_file","arguments":{"name":"notes.txt"},"message_id":"msg_721571b71e522948"}','2026-11-25T01:09:10.683Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',9,'msg_721571b71e522948','tool.call_completed','platform','{"type":"platform","id":"local"}','{"tool_call_id":"call_de57c434a3074696","tool_name":"read_file","result":"alpha\n","is_error":false}','2026-11-25T01:09:10.683Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',10,'msg_721571b71e522948','assistant.message_completed','runtime','{"type":"runtime","id":"local"}','{"content":[{"type":"text","text":"I looked for `alpha` and found:\n\n- notes.txt, line 1: `alpha`"}]}','2026-11-25T01:09:10.684Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',11,'msg_721571b71e522948','message.status_changed','platform','{"type":"platform","id":"local"}','{"status":"completed","previous_status":"running"}','2026-11-25T01:09:10.684Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',12,NULL,'session.status_changed','platform','{"type":"platform","id":"local"}','{"status":"idle","previous_status":"running"}','2026-11-25T01:09:10.684Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',13,'msg_10c74e6a1ec2f68d','user.message','user','{"type":"user","id":"org_local"}','{"content":[{"type":"text","text":"again?"}],"metadata":null,"message_id":"msg_10c74e6a1ec2f68d"}','2026-11-25T01:09:10.696Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',14,NULL,'session.status_changed','platform','{"type":"platform","id":"local"}','{"status":"running","previous_status":"idle"}','2026-11-25T01:09:10.696Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',15,'msg_10c74e6a1ec2f68d','message.status_changed','platform','{"type":"platform","id":"local"}','{"status":"running","previous_status":"queued"}','2026-11-25T01:09:10.696Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',16,'msg_10c74e6a1ec2f68d','tool.call_requested','runtime','{"type":"runtime","id":"local"}','{"tool_call_id":"call_df40a86a7d769fb4","tool_name":"list_files","arguments":{},"message_id":"msg_10c74e6a1ec2f68d"}','2026-11-25T01:09:10.701Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',17,'msg_10c74e6a1ec2f68d','tool.call_completed','platform','{"type":"platform","id":"local"}','{"tool_call_id":"call_df40a86a7d769fb4","tool_name":"list_files","result":[{"name":"notes.txt","size_bytes":6,"lines":1}],"is_error":false}','2026-11-25T01:09:10.702Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',18,'msg_10c74e6a1ec2f68d','tool.call_requested','runtime','{"type":"runtime","id":"local"}','{"tool_call_id":"call_753b99c71d24757d","tool_name":"search","arguments":{"words":["again"]},"message_id":"msg_10c74e6a1ec2f68d"}','2026-11-25T01:09:10.703Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',19,'msg_10c74e6a1ec2f68d','tool.call_completed','platform','{"type":"platform","id":"local"}','{"tool_call_id":"call_753b99c71d24757d","tool_name":"search","result":[],"is_error":false}','2026-11-25T01:09:10.703Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',20,'msg_10c74e6a1ec2f68d','assistant.message_completed','runtime','{"type":"runtime","id":"local"}','{"content":[{"type":"text","text":"None of the files mentions `again`.\n\nThese files are attached:\n\n- **notes.txt**: 1 lines, 6 bytes\n\nAsk about any word in them."}]}','2026-11-25T01:09:10.704Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',21,'msg_10c74e6a1ec2f68d','message.status_changed','platform','{"type":"platform","id":"local"}','{"status":"completed","previous_status":"running"}','2026-11-25T01:09:10.704Z');
INSERT INTO "events" VALUES('sess_dabde1e5905564e9',22,NULL,'session.status_changed','platform','{"type":"platform","id":"local"}','{"status":"idle","previous_status":"running"}','2026-11-25T01:09:10.704Z');
CREATE TABLE files (
    id TEXT PRIMARY KEY, filename TEXT NOT NULL, content BLOB NOT NULL,
    org_id TEXT NOT NULL DEFAULT 'org_local');
INSERT INTO "files" VALUES('file_60e6c2c5520a12b6','notes.txt',X'616C7068610A','org_local');
CREATE TABLE idempotency (
    scope TEXT NOT NULL, key TEXT NOT NULL, session_id TEXT NOT NULL,
    sequence_number INTEGER NOT NULL, PRIMARY KEY (scope, key)) WITHOUT ROWID;
INSERT INTO "idempotency" VALUES('agt_6776690fff0c85b9','once','sess_dabde1e5905564e9',1);
CREATE TABLE invitations (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, org_id TEXT NOT NULL,
    email TEXT NOT NULL, role TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (org_id, email));
CREATE TABLE messages (
    id TEXT PRIMARY KEY, session_id TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "messages" VALUES('msg_10c74e6a1ec2f68d','sess_dabde1e5905564e9');
INSERT INTO "messages" VALUES('msg_721571b71e522948','sess_dabde1e5905564e9');
CREATE TABLE organizations (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT UNIQUE NOT NULL);
CREATE TABLE sessions (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, agent_id TEXT NOT NULL,
    version_id TEXT NOT NULL, llm_id TEXT, name TEXT, internet_access INTEGER NOT NULL,
    metadata TEXT NOT NULL, status TEXT NOT NULL, last_message_id TEXT,
    last_message_status TEXT, created_at TEXT NOT NULL, storage_binding_id TEXT);
INSERT INTO "sessions" VALUES(1,'sess_dabde1e5905564e9','agt_6776690fff0c85b9','ver_a8196224fe5cf2df','large',NULL,0,'{}','idle','msg_10c74e6a1ec2f68d','completed','2026-11-25T01:09:10.678Z',NULL);
CREATE TABLE snapshots (
    id TEXT PRIMARY KEY, org_id TEXT NOT NULL, token TEXT UNIQUE NOT NULL, sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, metadata TEXT NOT NULL, status TEXT NOT NULL,
    failure_reason TEXT, expires_at TEXT NOT NULL, content BLOB);
CREATE TABLE storage_bindings (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, org_id TEXT NOT NULL,
    name TEXT NOT NULL, settings TEXT NOT NULL, UNIQUE (org_id, name));
CREATE TABLE versions (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, agent_id TEXT NOT NULL,
    manifest TEXT NOT NULL, created_at TEXT NOT NULL, snapshot_id TEXT);
INSERT INTO "versions" VALUES(1,'ver_83a50becb7553ee9','agt_afe0e21e1f80eeb2','{"name":"echo","harness":"local","description":"Repeats the prompt. `large` quotes it and counts its words and files; `small` does not.","llm":{"default":"large","options":{"small":{"model":"small"},"large":{"model":"large"}}}}','2026-11-25T01:09:10.645Z',NULL);
INSERT INTO "versions" VALUES(2,'ver_4136303696969ba2','agt_cde17471428a2b1e','{"name":"calculator","harness":"local","description":"Finds the arithmetic in the prompt, computes it with a tool, and answers with formulas.\n\n`large` computes every expression it finds and gives twelve digits. `small` computes only the\nfirst and rounds to three significant digits.","llm":{"default":"large","options":{"small":{"model":"small"},"large":{"model":"large"}}}}','2026-11-25T01:09:10.645Z',NULL);
INSERT INTO "versions" VALUES(3,'ver_a8196224fe5cf2df','agt_6776690fff0c85b9','{"name":"librarian","harness":"local","description":"Answers from the files attached to the session, with quotes and line numbers.\n\nIts tools are `list_files`, `read_file` and `search`. `large` quotes up to eight lines and\nreads the best file in full; `small` quotes up to three and does not read. It finds words and\ndoes not understand questions.","llm":{"default":"large","options":{"small":{"model":"small"},"large":{"model":"large"}}}}','2026-11-25T01:09:10.645Z',NULL);
INSERT INTO "versions" VALUES(4,'ver_7a6f5b89bfee8568','agt_23474b15fae8387c','{"name":"tour","harness":"local","description":"Shows one of each thing that a transcript can hold, whatever the prompt.\n\nHeadings, a table, code, math, a link, a tool with structured result, one with a long result,\nand one that fails. A prompt that contains the word \"error\" ends the turn as failed. `large`\nshows a long result of 400 lines; `small` one of 200, and says less in its first and last text.","llm":{"default":"large","options":{"small":{"model":"small"},"large":{"model":"large"}}}}','2026-11-25T01:09:10.645Z',NULL);
CREATE TABLE webhooks (
    agent_id TEXT PRIMARY KEY, url TEXT NOT NULL, event_types TEXT NOT NULL,
    secret TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX live_agents ON agents (org_id, name) WHERE deleted_at IS NULL;
CREATE INDEX sessions_by_agent ON sessions (agent_id);
CREATE INDEX batch_items_by_message ON batch_items (message_id);
CREATE INDEX costs_by_session ON costs (session_id);
COMMIT;
