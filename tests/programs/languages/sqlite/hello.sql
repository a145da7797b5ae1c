-- = stdout = "hello\n"
SELECT 'hello';
