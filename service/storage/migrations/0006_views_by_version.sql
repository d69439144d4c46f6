-- Rows are kept by a view's name and version; the workers fold anew what was kept by name alone.
DELETE FROM views.row;
DELETE FROM views.progress;
