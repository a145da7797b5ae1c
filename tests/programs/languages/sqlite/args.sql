-- = args = ["SELECT 'a b'", "SELECT 'é'"]
-- = stdout = "statements follow as arguments\na b\né\n"
SELECT 'statements follow as arguments';
