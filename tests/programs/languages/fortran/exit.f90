!= verdict = "runtime_error"
!= exit_code = 7
!= stdout = "before\n"
program leaves
  print "(a)", "before"
  call exit(7)
end program
