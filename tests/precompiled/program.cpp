// Compiled as the programs are that have to be refused: tests take their compiler's command from here.
