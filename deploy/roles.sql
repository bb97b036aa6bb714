-- The two roles that Callsheet needs, and its database. Once, as who may make roles:
--
-- OWNER_PASSWORD=… API_PASSWORD=… psql -v ON_ERROR_STOP=1 -f deploy/roles.sql postgresql://…
\getenv owner_password OWNER_PASSWORD
\getenv api_password API_PASSWORD
CREATE ROLE callsheet_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE callsheet_api LOGIN PASSWORD :'api_password';
CREATE DATABASE callsheet OWNER callsheet_owner;
