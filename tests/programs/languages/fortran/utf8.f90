!= stdin = "naïve 日本 🐝\n"
!= stdout = "wörld 🐝 naïve 日本 🐝\n"
program utf8
  character(100) :: line
  read (*, "(a)") line
  print "(a)", "wörld 🐝 " // trim(line)
end program
