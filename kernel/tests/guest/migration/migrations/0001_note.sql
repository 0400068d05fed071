create table note (id int primary key, text text not null);
insert into note values (1, 'from the first migration');
