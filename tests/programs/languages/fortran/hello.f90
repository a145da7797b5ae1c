!= stdout = "hello\n"
program hello
  print "(a)", "hello"
end program
