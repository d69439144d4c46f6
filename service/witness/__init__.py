"""A witness of logs (C2SP tlog-witness), as another agency runs it: no database and no broker."""
